// A large product: passes over the sum, each with its rows of B in panels that all threads share, and blocks
// of A copied by the thread that needs them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/product.h"
#include "ops/scratch.h"

namespace strate::cpu {

constexpr int64_t skew = 16;  // rows of copied A are not a power of two apart
constexpr int64_t block_rows = 6 * row_unit;
constexpr int64_t packed_rows_of_b = 16;  // to a task that packs

// a (m, k), or (k, m) if transposed; b (k, n).
template <class T> struct Packed {
  T* c;
  const T *a, *b, *bias;
  int64_t m, n, k;
  bool transposed;
  int workers;

  int64_t width() const { return 2 * kernels<T>().gemm.lanes(); }
  int64_t panels() const { return parts_up(n, width()); }
  // Terms of the sum in a pass: as many as leave a block of A and a panel of B in the second-level cache.
  // Every pass reads and writes all of C.
  static constexpr int64_t most_depth = 4096 / int64_t(sizeof(T));
  int64_t depth() const { return parts_up(k, std::max<int64_t>(1, parts_up(k, most_depth))); }
  int64_t copy_row() const { return transposed ? block_rows + skew : most_depth + skew; }
  static constexpr int64_t copy_size = (block_rows + skew) * (most_depth + skew);
  int64_t workspace() const { return panels() * width() * depth() + scratch_space<T>(copy_size, workers); }
};

// Rows of b are read in the order of memory and dealt out to the panels.
template <class T> void pack_rows(const Packed<T>& p, int64_t from, int64_t depth, T* panels) {
  const int64_t width = p.width();
  parallel_for(parts_up(depth, packed_rows_of_b), double(p.n * depth) * 0.2, [&](int64_t i, int) {
    const int64_t row = i * packed_rows_of_b, rows = std::min(packed_rows_of_b, depth - row);
    for (int64_t j = 0; j < p.n; j += width)
      kernels<T>().gemm.copy(panels + j * depth + row * width, width, p.b + (from + row) * p.n + j, p.n, rows,
                             std::min(width, p.n - j));
  });
}

// One block of c; its part of a is copied first, because rows a power of two apart would share a place in the
// cache.
template <class T>
void packed_block(const Packed<T>& p, int64_t from, int64_t depth, Span rows, Span columns, const T* panels,
                  T* copied) {
  const auto& gemm = kernels<T>().gemm;
  if (p.transposed) gemm.copy(copied, p.copy_row(), p.a + from * p.m + rows.begin, p.m, depth, rows.size());
  else gemm.copy(copied, p.copy_row(), p.a + rows.begin * p.k + from, p.k, rows.size(), depth);
  Product<T> block{p.c + rows.begin * p.n + columns.begin, copied, panels + columns.begin * depth};
  block.m = rows.size();
  block.n = columns.size();
  block.c_row = p.n;
  block.a_row = p.copy_row();
  block.b_row = p.width();
  block.b_panel = depth * p.width();
  block.walk.length = depth;
  block.accumulate = from > 0;
  block.bias = p.bias ? p.bias + columns.begin : nullptr;
  if (p.transposed) gemm.columns(block);
  else gemm.rows(block);
}

// done(rows, columns) is called when a block of c is complete.
template <class T, class F> void packed_product(const Packed<T>& p, T* workspace, F&& done) {
  T* copies = workspace + p.panels() * p.width() * p.depth();
  Grid grid{p.m, p.n, row_unit, p.width(), parts_up(p.m, block_rows), 1};
  grid.column_parts = std::clamp(most_tasks / grid.row_parts, int64_t(1), p.panels());
  for (int64_t from = 0; from < p.k; from += p.depth()) {
    const int64_t depth = std::min(p.depth(), p.k - from);
    pack_rows(p, from, depth, workspace);
    parallel_for(grid.tasks(), product_work(p.m, p.n, depth), p.workers, [&](int64_t task, int worker) {
      const Span rows = grid.row_span(task), columns = grid.column_span(task);
      packed_block(p, from, depth, rows, columns, workspace,
                   scratch_of(copies, Packed<T>::copy_size, worker));
      if (from + depth == p.k) done(rows, columns);
    });
  }
}

}  // namespace strate::cpu
