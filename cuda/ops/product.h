// Matrix products on the device: what `dense` and convolutions that are matrix products call.
#pragma once

#include "core/activation_kind.h"
#include "core/allocator.h"
#include "ops/cuda.h"

namespace strate::cuda {

// Of the tiles on tensor cores, for tests: a large one has many variants, and by its shape a small product
// has none.
enum class TileChoice { by_shape, small, large };
void set_tile(int tile);

// y (m, n) = activation(x (m, k) weight (k, n) + bias); softmax is left to the caller.
template <class T> struct ForwardProduct {
  T* y;
  const T* x;
  const Wide<T>*weight, *bias;
  int64_t m, n, k;
  ActivationKind activation;
  Wide<T> slope;
};
template <class T> void forward_product(const char* name, const ForwardProduct<T>&, Multiply);

// dx (m, k) = dz (m, n) weight (k, n)^T, dweight (k, n) = x^T dz, dbias (n) = column sums of dz; null ones
// are skipped. A number in dweight or dbias that is not finite raises that tensor's flag.
template <class T> struct BackwardProduct {
  T* dx;
  Wide<T>*dweight, *dbias;
  const T *dz, *x;
  const Wide<T>* weight;
  int64_t m, n, k;
  Wide<T>* workspace;  // backward_workspace numbers
  Flag *dweight_flag, *dbias_flag;
};
int64_t backward_workspace(int64_t m, int64_t n, int64_t k);
template <class T> void backward_product(const char* name, const BackwardProduct<T>&, Multiply);

}  // namespace strate::cuda
