// Matrix products over threads: what `dense` and convolutions that are matrix products call.
// Tasks are blocks of the result, cut by shape alone; every block is summed by one thread in one order.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/activation_kind.h"
#include "core/allocator.h"
#include "ops/grid.h"

namespace strate::cpu {

// Estimated time of a product on one thread, in nanoseconds: to pass over the weights takes as long as to
// multiply two rows and a half by them.
inline double product_work(int64_t m, int64_t n, int64_t k) {
  return std::max(double(m), 2.5) * double(n) * double(k) / 50;
}

constexpr int64_t row_unit = 14;  // rows of the tallest register tile

// Cycles of a term of sums whose rows and registers of columns make up tiles: two multiply-adds a cycle, and
// the latency of eight under way.
inline double term_cycles(int64_t rows, int64_t registers) {
  const int64_t across = parts_up(registers, 2), tiles = parts_up(rows, row_unit) * across;
  return std::max(double(rows * registers) / 2 + 0.5 * double(tiles), 4.0 * double(tiles));
}

// Blocks of a product with `depth` terms behind each number.
Grid grid_of(int64_t rows, int64_t columns, int64_t depth, int64_t row_unit, int64_t column_unit);

// y (m, n) = activation(x (m, k) weight (k, n) + bias); softmax is left to the caller.
template <class T> struct ForwardProduct {
  T* y;
  const T *x, *weight, *bias;
  int64_t m, n, k;
  ActivationKind activation;
  T slope;
  T* workspace;  // forward_workspace numbers
  int workers;   // threads that the workspace serves
};
template <class T> int64_t forward_workspace(int64_t m, int64_t n, int64_t k, int workers);
template <class T> void forward_product(const ForwardProduct<T>&);

// dx (m, k) = dz (m, n) weight (k, n)^T, dweight (k, n) = x^T dz, dbias (n) = column sums of dz; null ones
// are skipped. A number in dweight or dbias that is not finite raises that tensor's flag.
template <class T> struct BackwardProduct {
  T *dx, *dweight, *dbias;
  const T *dz, *x, *weight;
  int64_t m, n, k;
  T* workspace;  // backward_workspace numbers
  Flag *dweight_flag, *dbias_flag;
  int workers;
};
template <class T> int64_t backward_workspace(int64_t m, int64_t n, int64_t k, int workers);
template <class T> void backward_product(const BackwardProduct<T>&);

}  // namespace strate::cpu
