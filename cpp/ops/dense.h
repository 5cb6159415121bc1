// Dense layer: y = f(x W^T + b), with the bias and the activation f in the kernel that writes y.
// Derivative: dz = dy f'(y); dx = dz W, dweight = dz^T x, dbias = sum of dz over the rows of x.
// Shapes: x (..., in), weight (out, in), bias (out), y (..., out): any number of leading axes, also none.
// The weight's memory order is (in, out); another order is copied first, dweight must have it.
// Backward overwrites dx, dweight and dbias; it raises the flag of a dweight or dbias that is not finite.
// Saved for backward: x, and y unless f is the identity.
#pragma once

#include "core/tensor.h"
#include "ops/activation.h"
#include "ops/cuda.h"

namespace strate {

struct DenseSizes {
  int64_t m, n, k;  // rows, out, in
  int workers;      // threads that the workspace serves, on a CPU
};

Tensor dense_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Activation&);

// A bias, dweight or dbias without memory is skipped; dx is computed if need_dx, else has no memory.
Tensor dense_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& y,
                      const Activation&, const Tensor& dweight, const Tensor& dbias, bool need_dx);

template <class T> struct DenseCuda {
  void (*forward)(T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias, DenseSizes, ActivationKind,
                  double slope, Multiply);
  int64_t (*backward_workspace)(DenseSizes);  // numbers
  void (*backward)(T* dx, Wide<T>* dweight, Wide<T>* dbias, const T* dz, const T* x, const Wide<T>* weight,
                   Wide<T>* workspace, DenseSizes, Flag* dweight_flag, Flag* dbias_flag, Multiply);
};

double dense_work(const Tensor& x, const Tensor& weight);  // nanoseconds of forward on one thread

}  // namespace strate
