// The gradients of a matrix product: dx = dz weight^T and dweight = x^T dz, in one loop over both.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/chunks.h"
#include "ops/product.h"
#include "ops/product_packed.h"
#include "ops/scratch.h"

namespace strate::cpu {
namespace {

constexpr int64_t transposed_depth = 1024;  // of a panel of weight^T
// Up to so many rows weight^T is not worth transposing: the second number where its rows are long.
constexpr int64_t dotted_rows = 12, dotted_rows_of_long = 24, long_row = 256;
constexpr int64_t dotted_stripe = 1024;    // numbers of a row of weights that rows of dz meet at a time
constexpr int64_t least_together = 4;      // rows of dz that share what is loaded of weights
constexpr int64_t most_bounded_rows = 16;  // whose lengths tell that dweight is finite
constexpr int64_t long_sum = 256;          // dweight over more rows than this is summed in blocks
constexpr int64_t block_rows = 96;         // of them: the first-level cache keeps a panel of dz for all tiles
constexpr int64_t large_result =
    1 << 18;  // numbers in dweight that make enough blocks without cutting the sum
constexpr int64_t cached_bytes = 512 << 10;  // of the second-level cache
constexpr int64_t copied_columns = 128;      // of a dz that is worth copying
constexpr int64_t small_bytes = 128 << 10;   // a dz that is not: wherever its rows lie, they stay in cache

// How the gradient of the weights is summed; by the shape alone.
enum class WeightWay {
  rows,    // hardly any rows of dz: rows of dweight, each with its column of dx
  blocks,  // blocks of dweight, each over all rows
  packed,  // large dweight, many rows
  chunks   // small dweight, many rows: the rows are cut into chunks, whose results are added in their order
};

template <class T> struct BackwardPlan {
  Grid input, weight;
  WeightWay way = WeightWay::blocks;
  bool dotted = false;  // dx: rows of dz by rows of weights
  bool copied = false;  // dz is copied into panels: where it lies, its rows would share a place in the cache
  int64_t pieces = 0;   // rows of weights are cut into
  int64_t bias_parts = 0, chunks = 1, partial = 0;     // partial: numbers in a chunk's result
  int64_t panel = 0, input_room = 0, weight_room = 0;  // of the workspace

  BackwardPlan(int64_t m, int64_t n, int64_t k, int workers) {
    const int64_t width = 2 * kernels<T>().gemm.lanes();
    if (m < least_together) {
      way = WeightWay::rows;
      pieces = std::min(tasks_for(2 * product_work(m, n, k)), parts_up(k, 8));
      bias_parts = parts_up(n, bias_columns);
      return;
    }
    dotted = m <= (n < long_row ? dotted_rows : dotted_rows_of_long);
    input = dotted ? grid_of(m, k, n, m, width / 2) : grid_of(m, k, n, 8 * row_unit, width);
    panel = rounded(width * std::min(n, transposed_depth));
    input_room = dotted ? 0 : scratch_space<T>(panel, workers);
    if (m > long_sum) way = k * n > large_result ? WeightWay::packed : WeightWay::chunks;
    if (way == WeightWay::packed) {
      weight_room = Packed<T>{nullptr, nullptr, nullptr, nullptr, k, n, m, true, workers}.workspace();
    } else if (way == WeightWay::chunks) {
      chunks = std::min({tasks_for(product_work(m, n, k), nanoseconds_per_chunk), most_chunks, m / long_sum});
      partial = rounded(k * n + n);
      weight_room = chunks * partial;
    } else {
      weight = grid_of_rows(k, n, m, width);
      copied = m > row_unit && n >= copied_columns && k >= copied_columns &&
               m * n * int64_t(sizeof(T)) > small_bytes;
      if (copied) weight_room = parts_up(n, width) * width * m;
    }
    bias_parts = way == WeightWay::chunks ? 0 : parts_up(n, bias_columns);
  }
  static constexpr int64_t bias_columns = 512;

  int64_t weight_tasks() const {
    return way == WeightWay::rows ? pieces : way == WeightWay::chunks ? chunks : weight.tasks();
  }

  // dweight's rows are whole where there are enough of them: then a block is one piece of memory.
  static Grid grid_of_rows(int64_t rows, int64_t columns, int64_t depth, int64_t width) {
    Grid grid = grid_of(rows, columns, depth, row_unit, width);
    const int64_t tasks = grid.tasks();
    if (tasks == 0) return grid;
    grid.row_parts = std::min(tasks, parts_up(rows, row_unit));
    grid.column_parts = std::min(parts_up(tasks, grid.row_parts), parts_up(columns, width));
    return grid;
  }
};

// Rows of weights that the second-level cache keeps: what follows finds them there.
template <class T, class F> void for_cached_rows(const BackwardProduct<T>& p, Span rows, F&& f) {
  const int64_t step =
      rounded(std::max<int64_t>(1, cached_bytes / (int64_t(sizeof(T)) * std::max<int64_t>(p.n, 1))));
  for (int64_t from = rows.begin; from < rows.end; from += step)
    f(Span{from, std::min(from + step, rows.end)});
}

template <class T> void dotted_input(const BackwardProduct<T>& p, Span rows, Span columns) {
  const auto& gemm = kernels<T>().gemm;
  for_cached_rows(p, columns, [&](Span some) {
    T* dx = p.dx + some.begin;
    const T* weight = p.weight + some.begin * p.n;
    if (rows.size() < least_together) {
      for (int64_t i = rows.begin; i < rows.end; i++)
        gemm.dots(dx + i * p.k, p.dz + i * p.n, weight, p.n, some.size(), p.n);
      return;
    }
    for (int64_t from = 0; from < p.n || from == 0; from += dotted_stripe) {
      Product<T> stripe{dx + rows.begin * p.k, p.dz + rows.begin * p.n + from, weight + from};
      stripe.m = rows.size();
      stripe.n = some.size();
      stripe.c_row = p.k;
      stripe.a_row = stripe.b_row = p.n;
      stripe.walk.length = std::min(dotted_stripe, p.n - from);
      stripe.accumulate = from > 0;
      gemm.narrow(stripe);
    }
  });
}

// A panel of weight^T at a time is transposed into `panel`, then all rows of the block pass by.
template <class T> void transposed_input(const BackwardProduct<T>& p, Span rows, Span columns, T* panel) {
  const auto& gemm = kernels<T>().gemm;
  const int64_t width = 2 * gemm.lanes();
  for (int64_t j = columns.begin; j < columns.end; j += width)
    for (int64_t from = 0; from < p.n || from == 0; from += transposed_depth) {
      const int64_t depth = std::min(transposed_depth, p.n - from), count = std::min(width, columns.end - j);
      gemm.transpose(panel, width, p.weight + j * p.n + from, p.n, count, depth);
      Product<T> block{p.dx + rows.begin * p.k + j, p.dz + rows.begin * p.n + from, panel};
      block.m = rows.size();
      block.n = count;
      block.c_row = p.k;
      block.a_row = p.n;
      block.b_row = width;
      block.b_panel = width * transposed_depth;
      block.walk.length = depth;
      block.accumulate = from > 0;
      gemm.rows(block);
    }
}

template <class T> void raise_if_not_finite(const T* x, int64_t row, Span rows, Span columns, Flag* flag) {
  const auto& finite = kernels<T>().finite;
  if (columns.size() == row) {
    if (!finite.all(x + rows.begin * row, rows.size() * row)) flag->store(true);
    return;
  }
  for (int64_t i = rows.begin; i < rows.end; i++)
    if (!finite.all(x + i * row + columns.begin, columns.size())) return flag->store(true);
}

// Whether every number in dweight is surely finite: none exceeds the product of the lengths of x and dz
// (Cauchy and Schwarz). Then what was written is not read again to see. One thread looks, so of few rows
// alone.
template <class T> bool surely_finite(const BackwardProduct<T>& p) {
  if (p.m > most_bounded_rows || 8 * p.m * (p.n + p.k) > p.n * p.k) return false;
  const auto& norm = kernels<T>().gradient_norm;
  const double most = std::sqrt(norm.squares(p.x, p.m * p.k)) * std::sqrt(norm.squares(p.dz, p.m * p.n));
  return most < double(std::numeric_limits<T>::max()) / 2;
}

// panels: of dz, or null.
template <class T>
void weight_block(const BackwardProduct<T>& p, Span all, Span columns, const T* panels, bool finite) {
  for_cached_rows(p, all, [&](Span rows) {
    Product<T> block{p.dweight + rows.begin * p.n + columns.begin, p.x + rows.begin, p.dz + columns.begin};
    block.m = rows.size();
    block.n = columns.size();
    block.c_row = block.b_row = p.n;
    block.a_row = p.k;
    block.walk.length = p.m;
    if (panels) {
      block.b = panels + columns.begin * p.m;
      block.b_row = 2 * kernels<T>().gemm.lanes();
      block.b_panel = p.m * block.b_row;
    }
    kernels<T>().gemm.columns(block);
    if (!finite) raise_if_not_finite(p.dweight, p.n, rows, columns, p.dweight_flag);
  });
}

template <class T> void bias_block(const BackwardProduct<T>& p, Span columns) {
  kernels<T>().gemm.sum_rows(p.dbias + columns.begin, p.dz + columns.begin, p.n, p.m, columns.size(), false);
  raise_if_not_finite(p.dbias, p.n, {0, 1}, columns, p.dbias_flag);
}

// Rows of weights, with what belongs to them of dx and dweight.
template <class T> void rows_of_weights(const BackwardProduct<T>& p, Span rows, bool finite) {
  if (p.dx) dotted_input(p, {0, p.m}, rows);
  if (p.dweight) weight_block<T>(p, rows, {0, p.n}, nullptr, finite);
}

// Some rows' share of dweight and dbias, a block of rows at a time.
template <class T> void weight_chunk(const BackwardProduct<T>& p, Span rows, T* partial) {
  const auto& gemm = kernels<T>().gemm;
  for (int64_t from = rows.begin; from < rows.end; from += block_rows) {
    const int64_t depth = std::min(block_rows, rows.end - from);
    Product<T> block{partial, p.x + from * p.k, p.dz + from * p.n};
    block.m = p.k;
    block.n = block.c_row = block.b_row = p.n;
    block.a_row = p.k;
    block.walk.length = depth;
    block.accumulate = from > rows.begin;
    if (p.dweight) gemm.columns(block);
    if (p.dbias) gemm.sum_rows(partial + p.k * p.n, p.dz + from * p.n, p.n, depth, p.n, from > rows.begin);
  }
}

// Which of two lists of tasks, one behind the other, is to be done: those of the same place in both follow
// one another, and so a thread has the same part of both.
int64_t in_turns(int64_t task, int64_t first, int64_t second) {
  if (first == 0 || second == 0) return task;
  const int64_t all = first + second, before = task * first / all;
  return (task + 1) * first / all > before ? before : first + task - before;
}

template <class T> Packed<T> packed_of(const BackwardProduct<T>& p) {
  return {p.dweight, p.x, p.dz, nullptr, p.k, p.n, p.m, true, p.workers};
}

template <class T> void packed_weight(const BackwardProduct<T>& p, T* workspace) {
  packed_product(packed_of(p), workspace, [&](Span rows, Span columns) {
    raise_if_not_finite(p.dweight, p.n, rows, columns, p.dweight_flag);
  });
}

}  // namespace

template <class T> int64_t backward_workspace(int64_t m, int64_t n, int64_t k, int workers) {
  const BackwardPlan<T> plan(m, n, k, workers);
  return plan.input_room + plan.weight_room;
}

template <class T> void backward_product(const BackwardProduct<T>& p) {
  const BackwardPlan<T> plan(p.m, p.n, p.k, p.workers);
  const bool in_rows = plan.way == WeightWay::rows, in_chunks = plan.way == WeightWay::chunks;
  const int64_t inputs = p.dx ? plan.input.tasks() : 0;
  const bool sums = p.dweight || (in_rows && p.dx) || (in_chunks && p.dbias);
  const int64_t weights = sums ? plan.weight_tasks() : 0;
  const int64_t biases = p.dbias ? plan.bias_parts : 0;
  T* partials = p.workspace + plan.input_room;
  T* panels = plan.copied && p.dweight ? partials : nullptr;
  const bool finite = !in_chunks && p.dweight && surely_finite(p);
  if (panels) pack_rows(packed_of(p), 0, p.m, panels);
  const double work = product_work(p.m, p.n, p.k) * ((p.dx != nullptr) + (p.dweight != nullptr));
  parallel_for(inputs + weights + biases, work, p.workers, [&](int64_t task, int worker) {
    if (task < inputs + weights) task = in_turns(task, inputs, weights);
    if (task < inputs) {
      const Span rows = plan.input.row_span(task), columns = plan.input.column_span(task);
      if (plan.dotted) dotted_input(p, rows, columns);
      else transposed_input(p, rows, columns, scratch_of(p.workspace, plan.panel, worker));
      return;
    }
    task -= inputs;
    if (task >= weights) return bias_block(p, cut(p.n, plan.bias_columns, plan.bias_parts, task - weights));
    if (in_rows) rows_of_weights(p, cut(p.k, 1, plan.pieces, task), finite);
    else if (in_chunks) weight_chunk(p, cut(p.m, 1, plan.chunks, task), partials + task * plan.partial);
    else weight_block(p, plan.weight.row_span(task), plan.weight.column_span(task), panels, finite);
  });
  const auto add = [&](T* to, const T* from, int64_t size, Flag* flag) {
    if (in_chunks && to)
      add_chunks(to, from, plan.partial, plan.chunks, size,
                 [&](int64_t at, int64_t n) { raise_if_not_finite(to + at, n, {0, 1}, {0, n}, flag); });
  };
  add(p.dweight, partials, p.k * p.n, p.dweight_flag);
  add(p.dbias, partials + p.k * p.n, p.n, p.dbias_flag);
  if (plan.way == WeightWay::packed && p.dweight) packed_weight(p, partials);
}

template int64_t backward_workspace<float>(int64_t, int64_t, int64_t, int);
template int64_t backward_workspace<double>(int64_t, int64_t, int64_t, int);
template void backward_product(const BackwardProduct<float>&);
template void backward_product(const BackwardProduct<double>&);

}  // namespace strate::cpu
