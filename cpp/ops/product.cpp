#include "ops/product.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/chunks.h"
#include "ops/product_packed.h"

namespace strate::cpu {
namespace {

constexpr int64_t streamed_rows = 64;  // up to here B is read where it lies: packing costs more than it saves
constexpr int64_t streamed_bytes = 1 << 20;  // and so is a B that stays in the second-level cache
constexpr int64_t least_wide_rows = 4, most_wide_rows = 16;   // that large weights pass by in chunks
constexpr int64_t wide_bytes = 8 << 20;                       // weights that are worth the sum of the chunks
constexpr int64_t copied_columns = 128, copied_depth = 2048;  // where copying panels of B pays
constexpr int64_t far_bytes =
    16 << 20;  // a B that no cache holds is always packed: its rows are read in order

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

// One row, or few and large weights: the sum is cut into chunks. What no cache keeps passes by in the order
// of memory.
template <class T> int64_t row_chunks(int64_t m, int64_t n, int64_t k) {
  const int64_t bytes = n * k * int64_t(sizeof(T));
  const bool few = m >= least_wide_rows && m <= most_wide_rows && bytes >= wide_bytes;
  if (m != 1 && !few) return 1;
  return std::min({tasks_for(product_work(m, n, k)), most_chunks, std::max<int64_t>(k, 1)});
}

// Between the rows of a chunk's result: rows a power of two apart would share a place in the cache.
int64_t chunk_row(int64_t n) { return rounded(n) + 16; }

template <class T> void row_product(const ForwardProduct<T>& p, int64_t chunks) {
  const auto& table = kernels<T>();
  const int64_t row = chunk_row(p.n);
  parallel_for(chunks, product_work(p.m, p.n, p.k), [&](int64_t task, int) {
    const Span terms = cut(p.k, 1, chunks, task);
    Product<T> part{p.workspace + task * p.m * row, p.x + terms.begin, p.weight + terms.begin * p.n};
    part.m = p.m;
    part.n = part.b_row = p.n;
    part.c_row = row;
    part.a_row = p.k;
    part.walk.length = terms.size();
    part.in_order = p.n * p.k * int64_t(sizeof(T)) > far_bytes;
    table.gemm.rows(part);
  });
  for (int64_t i = 0; i < p.m; i++)
    table.gemm.sum_rows(p.y + i * p.n, p.workspace + i * row, p.m * row, chunks, p.n, false);
  const bool softmax = p.activation == ActivationKind::softmax;
  table.conv2d.finish(p.y, p.bias, p.m, p.n, softmax ? ActivationKind::identity : p.activation, p.slope);
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

// Some rows and a wide B, whose own rows lie far apart: two panels of it are copied, then all rows pass by.
template <class T> bool is_copied(int64_t m, int64_t n, int64_t k) {
  return m > row_unit && m <= streamed_rows && n >= copied_columns && k <= copied_depth &&
         !is_packed<T>(m, n, k);
}

template <class T> void copy_panels(const ForwardProduct<T>& p, Span columns, T* panels) {
  const auto& gemm = kernels<T>().gemm;
  const int64_t width = 2 * gemm.lanes();
  for (int64_t row = 0; row < p.k; row += packed_rows_of_b)
    for (int64_t j = columns.begin; j < columns.end; j += width)
      gemm.copy(panels + (j - columns.begin) * p.k + row * width, width, p.weight + row * p.n + j, p.n,
                std::min(packed_rows_of_b, p.k - row), std::min(width, columns.end - j));
}

template <class T> void copied_product(const ForwardProduct<T>& p) {
  const auto& gemm = kernels<T>().gemm;
  const int64_t width = 2 * gemm.lanes(), step = 2 * width;
  parallel_for(parts_up(p.n, step), product_work(p.m, p.n, p.k), p.workers, [&](int64_t task, int worker) {
    const Span columns{task * step, std::min(p.n, (task + 1) * step)};
    T* panels = p.workspace + worker * p.k * step;
    copy_panels(p, columns, panels);
    Product<T> block{p.y + columns.begin, p.x, panels};
    block.m = p.m;
    block.n = columns.size();
    block.c_row = p.n;
    block.b_row = width;
    block.b_panel = p.k * width;
    block.a_row = block.walk.length = p.k;
    block.bias = p.bias ? p.bias + columns.begin : nullptr;
    block.activation = p.activation;
    block.slope = p.slope;
    gemm.rows(block);
    if (takes_exponential(p.activation)) activate_block(p, {0, p.m}, columns);
  });
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
  if (const int64_t chunks = row_chunks<T>(m, n, k); chunks > 1) return chunks * m * chunk_row(n);
  if (is_copied<T>(m, n, k)) return workers * k * 4 * kernels<T>().gemm.lanes();
  if (!is_packed<T>(m, n, k)) return 0;
  return Packed<T>{nullptr, nullptr, nullptr, nullptr, m, n, k, false, workers}.workspace();
}

template <class T> void forward_product(const ForwardProduct<T>& p) {
  if (const int64_t chunks = row_chunks<T>(p.m, p.n, p.k); chunks > 1) return row_product(p, chunks);
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
