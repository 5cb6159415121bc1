// Matrix products, the work of every dense and convolutional layer.
// A Product is C (m, n) = A (m, k) B (k, n). B is row-major, columns contiguous; it may lie in panels of 2 *
// lanes() columns. The sum over k is a walk of three loops through A, so that a convolution's taps are read
// where they lie; B's rows follow one another, but for those skipped. Rows of C come in `lines` of m: the
// rows of an image.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "kernels/member.h"

namespace strate {

// k = outer * inner * length terms.
struct Walk {
  int64_t outer = 1, outer_step = 0;
  int64_t inner = 1, inner_step = 0;
  int64_t length = 0, step = 1;  // step: of A, between terms; 1 but in `rows`
  int64_t skipped = 0;           // elements of B, after each turn of the outer loop
  int64_t inner_skipped = 0;     // and of the inner one; not in `narrow`
};

template <class T> struct Product {
  T* c;
  const T* a;
  const T* b;
  int64_t m = 0, n = 0;
  int64_t c_row = 0, a_row = 0,
          b_row = 0;        // steps in elements; a_row: between the terms of the sum in `columns`
  int64_t b_panel = 0;      // from one panel of B to the next; 0: B is not in panels
  const T* next = nullptr;  // a block of the size of B, which will follow: asked for row after row meanwhile
  int64_t lines = 1, c_line = 0, a_line = 0;
  Walk walk = {};
  const T* bias = nullptr;            // (n), added to every row, or null
  bool accumulate = false;            // C += A B; then neither bias nor activation
  bool far_a = false, far_c = false;  // lie in no cache: asked for ahead; lines of A are rows of images
  ActivationKind activation =
      ActivationKind::identity;  // relu and leaky_relu are applied here, others by the caller
  T slope = 0;
};

template <class T> struct GemmKernels {
  int64_t (*lanes)();  // of one register: B's panels hold twice as many columns

  // A's rows are contiguous along the sum. Rows of C may overlap if they are accumulated: they are written in
  // order.
  void (*rows)(const Product<T>&);
  // The same where B's rows lie far apart and C has rows for two tiles at least, the first of which copies
  // them: `panel` is room for k rows of two registers. The walk is a single loop.
  void (*copying)(const Product<T>&, T* panel);
  // The same with B transposed, (n, k) with b_row from one column to the next: for few columns, or few rows.
  // Rows of C do not overlap.
  void (*narrow)(const Product<T>&);
  // A is transposed: contiguous along the rows of C.
  void (*columns)(const Product<T>&);
  // c[j] = sum over k of a[k] b[j, k], j < n: one row of A B^T, nothing transposed.
  void (*dots)(T* c, const T* a, const T* b, int64_t b_row, int64_t n, int64_t length);
  // to[j, i] = from[i, j] of a (rows, columns) matrix.
  void (*transpose)(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t rows, int64_t columns);
  void (*copy)(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t rows, int64_t columns);
  // to[j] (+)= sum over rows of from[i, j]: bias gradients, and partial results in their fixed order.
  void (*sum_rows)(T* to, const T* from, int64_t from_row, int64_t rows, int64_t columns, bool accumulate);

  template <class F> static void list(F&& f) {
    f("gemm.lanes", member<&GemmKernels::lanes>);
    f("gemm.rows", member<&GemmKernels::rows>);
    f("gemm.copying", member<&GemmKernels::copying>);
    f("gemm.narrow", member<&GemmKernels::narrow>);
    f("gemm.columns", member<&GemmKernels::columns>);
    f("gemm.dots", member<&GemmKernels::dots>);
    f("gemm.transpose", member<&GemmKernels::transpose>);
    f("gemm.copy", member<&GemmKernels::copy>);
    f("gemm.sum_rows", member<&GemmKernels::sum_rows>);
  }
};

}  // namespace strate
