#include "ops/product.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/chunks.h"
#include "ops/product_packed.h"
#include "ops/scratch.h"

namespace strate::cpu {
namespace {

constexpr int64_t streamed_rows = 64;  // up to here B is read where it lies: packing costs more than it saves
constexpr int64_t streamed_bytes = 1 << 20;  // and so is a B that stays in the second-level cache
constexpr int64_t most_few_rows = 64;        // that large weights pass by in stripes
constexpr int64_t large_bytes = 12 << 20;    // weights that no second-level cache keeps,
constexpr int64_t long_sum = 1024, large_bytes_of_long = 2 << 20;  // where it also pays for long sums
constexpr int64_t stripe_bytes = 4096;                             // of a row of weights
constexpr int64_t least_chunk = 256;                               // terms of the sum
// What a single row's chunk takes at least: little, so that every processor's second-level cache keeps its
// share of the weights until the next call.
constexpr double nanoseconds_of_row = 2500;
// Rows of weights that are passed over at a time: few, so that the next block, which is asked for meanwhile,
// stays in the cache; many rows of C add to what they have more seldom.
constexpr int64_t least_block = 8, block_bytes = 128 << 10;
constexpr int64_t copied_columns = 128, copied_depth = 2048;  // where copying panels of B pays
constexpr int64_t halved_bytes = 256 << 10;                   // weights of a sum that is cut in two
constexpr int64_t far_bytes =
    16 << 20;  // a B that no cache holds is always packed: its rows are read in order

// From row to row of results: a power of two apart they would share a place in the cache.
constexpr int64_t row_of_results(int64_t n) { return rounded(n) + 16; }

template <class T> bool is_packed(int64_t m, int64_t n, int64_t k) {
  const int64_t bytes = n * k * int64_t(sizeof(T));
  return bytes > (m > streamed_rows ? streamed_bytes : m > row_unit ? far_bytes : INT64_MAX);
}

template <class T> void activate_block(const ForwardProduct<T>& p, Span rows, Span columns) {
  const auto& activation = kernels<T>().activation;
  for (int64_t i = rows.begin; i < rows.end; i++) {
    T* y = p.y + i * p.n + columns.begin;
    activation.forward(y, y, columns.size(), p.activation, p.slope);
  }
}

// Some rows and a wide B, whose own rows lie far apart: a panel of it is copied, then all rows pass by.
template <class T> bool is_copied(int64_t m, int64_t n, int64_t k) {
  return m > row_unit && m <= streamed_rows && n >= copied_columns && k <= copied_depth &&
         !is_packed<T>(m, n, k);
}

// One row, or few rows and large weights: weights are used where they lie, nearly in the order of memory, and
// the sum is cut into chunks, whose results are added at the end. Few rows take weights in stripes of
// columns.
template <class T> struct FewRows {
  bool apply = false;
  int64_t chunks = 1, stripes = 1, row = 0;  // row: between the rows of a chunk's result

  FewRows(int64_t m, int64_t n, int64_t k) {
    row = row_of_results(n);
    if (m == 1) {
      chunks = std::min(
          {tasks_for(product_work(m, n, k), nanoseconds_of_row), most_chunks, std::max<int64_t>(k, 1)});
      apply = chunks > 1;
    } else if (m > 1 && m <= most_few_rows && !is_copied<T>(m, n, k) &&
               n * k * int64_t(sizeof(T)) >= (k < long_sum ? large_bytes : large_bytes_of_long)) {
      apply = true;
      stripes = parts_up(n * int64_t(sizeof(T)), stripe_bytes);
      chunks = std::clamp(most_tasks / 2 / stripes, int64_t(1),
                          std::min(parts_up(k, least_chunk), most_chunks / 2));
    }
  }
  int64_t room(int64_t m) const { return chunks * m * row; }
};

// The chunks' results, `row` from row to row. Each row of them is added up, and y ends while it is in cache.
template <class T>
void add_chunks_of_rows(const ForwardProduct<T>& p, const T* results, int64_t row, int64_t chunks) {
  const auto& table = kernels<T>();
  const bool softmax = p.activation == ActivationKind::softmax;
  const ActivationKind activation = softmax ? ActivationKind::identity : p.activation;
  parallel_for(p.m, double(p.m * p.n * chunks) * 0.1, [&](int64_t i, int) {
    T* y = p.y + i * p.n;
    table.gemm.sum_rows(y, results + i * row, p.m * row, chunks, p.n, false);
    table.conv2d.finish(y, p.bias, 1, p.n, activation, p.slope);
  });
}

template <class T> void few_rows_product(const ForwardProduct<T>& p, const FewRows<T>& few) {
  const auto& table = kernels<T>();
  parallel_for(few.chunks * few.stripes, product_work(p.m, p.n, p.k), [&](int64_t task, int) {
    const int64_t chunk = task / few.stripes;
    const Span terms = cut(p.k, 1, few.chunks, chunk);
    const Span columns = cut(p.n, 2 * table.gemm.lanes(), few.stripes, task % few.stripes);
    Product<T> part{p.workspace + chunk * p.m * few.row + columns.begin, p.x + terms.begin,
                    p.weight + terms.begin * p.n + columns.begin};
    part.m = p.m;
    part.n = columns.size();
    part.b_row = p.n;
    part.c_row = few.row;
    part.a_row = p.k;
    const int64_t most = block_bytes / (columns.size() * int64_t(sizeof(T)));
    const int64_t step =
        p.m == 1 ? terms.size() : std::clamp(2 * p.m, least_block, std::max(most, least_block));
    for (int64_t from = 0; from < terms.size(); from += step) {
      part.walk.length = std::min(step, terms.size() - from);
      part.accumulate = from > 0;
      part.next = p.m == 1 ? nullptr : part.b + step * p.n;
      table.gemm.rows(part);
      part.a += step;
      part.b += step * p.n;
    }
  });
  add_chunks_of_rows(p, p.workspace, few.row, few.chunks);
}

template <class T> void streamed_product(const ForwardProduct<T>& p) {
  const auto& gemm = kernels<T>().gemm;
  const Grid grid = grid_of(p.m, p.n, p.k, row_unit, 2 * gemm.lanes());
  parallel_for(grid.tasks(), product_work(p.m, p.n, p.k), [&](int64_t task, int) {
    const Span rows = grid.row_span(task), columns = grid.column_span(task);
    Product<T> block{p.y + rows.begin * p.n + columns.begin, p.x + rows.begin * p.k,
                     p.weight + columns.begin};
    block.m = rows.size();
    block.n = columns.size();
    block.c_row = block.b_row = p.n;
    block.a_row = block.walk.length = p.k;
    block.bias = p.bias ? p.bias + columns.begin : nullptr;
    block.activation = p.activation;
    block.slope = p.slope;
    gemm.rows(block);
    if (takes_exponential(p.activation)) activate_block(p, rows, columns);
  });
}

// The sum over weights of some size is cut in two: the gradients and the update go by rows of the weights,
// and each thread finds in its own cache what it has changed.
template <class T> struct Copied {
  int64_t chunks, row, panel;  // panel: elements that a worker copies

  Copied(int64_t n, int64_t k)
      : chunks(n * k * int64_t(sizeof(T)) < halved_bytes ? 1 : 2),
        row(row_of_results(n)),
        panel(parts_up(k, chunks) * 2 * kernels<T>().gemm.lanes()) {}
  int64_t results(int64_t m) const { return chunks > 1 ? chunks * m * row : 0; }
  int64_t space(int64_t m, int workers) const { return results(m) + scratch_space<T>(panel, workers); }
};

template <class T> void copied_product(const ForwardProduct<T>& p) {
  const auto& gemm = kernels<T>().gemm;
  const Copied<T> plan(p.n, p.k);
  const int64_t step = 4 * gemm.lanes(), blocks = parts_up(p.n, step);
  T *results = p.workspace, *panels = results + plan.results(p.m);
  parallel_for(plan.chunks * blocks, product_work(p.m, p.n, p.k), p.workers, [&](int64_t task, int worker) {
    const int64_t chunk = task / blocks, from = task % blocks * step;
    const Span columns{from, std::min(p.n, from + step)}, terms = cut(p.k, 1, plan.chunks, chunk);
    Product<T> block{p.y + from, p.x + terms.begin, p.weight + terms.begin * p.n + from};
    block.m = p.m;
    block.n = columns.size();
    block.c_row = block.b_row = p.n;
    block.a_row = p.k;
    block.walk.length = terms.size();
    T* panel = scratch_of(panels, plan.panel, worker);
    if (plan.chunks > 1) {
      block.c = results + chunk * p.m * plan.row + from;
      block.c_row = plan.row;
      return gemm.copying(block, panel);
    }
    block.bias = p.bias ? p.bias + from : nullptr;
    block.activation = p.activation;
    block.slope = p.slope;
    gemm.copying(block, panel);
    if (takes_exponential(p.activation)) activate_block(p, {0, p.m}, columns);
  });
  if (plan.chunks > 1) add_chunks_of_rows(p, results, plan.row, plan.chunks);
}

template <class T> Packed<T> packed_of(const ForwardProduct<T>& p) {
  return {p.y, p.x, p.weight, p.bias, p.m, p.n, p.k, false, p.workers};
}

}  // namespace

Grid grid_of(int64_t rows, int64_t columns, int64_t depth, int64_t row_unit, int64_t column_unit) {
  if (rows == 0 || columns == 0) return {};
  const int64_t tasks = tasks_for(product_work(rows, columns, depth));
  const int64_t row_units = parts_up(rows, row_unit), column_units = parts_up(columns, column_unit);
  Grid grid{rows, columns, row_unit, column_unit, 1, 1};
  if (row_units >= 4 * tasks) {  // many rows: each task passes over the whole of B
    grid.row_parts = tasks;
  } else {
    grid.column_parts = std::min(tasks, column_units);
    grid.row_parts = std::min(parts_up(tasks, grid.column_parts), row_units);
  }
  return grid;
}

template <class T> int64_t forward_workspace(int64_t m, int64_t n, int64_t k, int workers) {
  if (const FewRows<T> few(m, n, k); few.apply) return few.room(m);
  if (is_copied<T>(m, n, k)) return Copied<T>(n, k).space(m, workers);
  if (!is_packed<T>(m, n, k)) return 0;
  return Packed<T>{nullptr, nullptr, nullptr, nullptr, m, n, k, false, workers}.workspace();
}

template <class T> void forward_product(const ForwardProduct<T>& p) {
  if (const FewRows<T> few(p.m, p.n, p.k); few.apply) return few_rows_product(p, few);
  if (is_copied<T>(p.m, p.n, p.k)) return copied_product(p);
  if (!is_packed<T>(p.m, p.n, p.k)) return streamed_product(p);
  packed_product(packed_of(p), p.workspace, [&](Span rows, Span columns) {
    if (p.activation != ActivationKind::identity && p.activation != ActivationKind::softmax)
      activate_block(p, rows, columns);
  });
}

template int64_t forward_workspace<float>(int64_t, int64_t, int64_t, int);
template int64_t forward_workspace<double>(int64_t, int64_t, int64_t, int);
template void forward_product(const ForwardProduct<float>&);
template void forward_product(const ForwardProduct<double>&);

}  // namespace strate::cpu
