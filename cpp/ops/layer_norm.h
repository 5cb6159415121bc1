// Layer normalisation over the last axis: xhat = (x - mean) / sqrt(variance + epsilon), y = gamma xhat +
// beta; mean and variance (divided by C) are each row's own.
// Derivative: dbeta = sum of dy, dgamma = sum of dy xhat over the rows; with d = dy gamma,
//   dx = (d - mean(d) - xhat mean(d xhat)) / sqrt(variance + epsilon), the means over the row.
// Shapes: x, y, dx, dy (..., C), gamma, beta, dgamma, dbeta (C). Saved for backward: x, and statistics
// float64 (rows, 2): mean, 1 / sqrt(variance + epsilon) of each row. Backward overwrites dx, dgamma and
// dbeta; it raises the flag of a dgamma or dbeta that is not finite.
#pragma once

#include <utility>

#include "core/tensor.h"

namespace strate {

// gamma and beta without memory are 1 and 0. Returns y, statistics.
std::pair<Tensor, Tensor> layer_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                             double epsilon);

// dgamma or dbeta without memory is skipped; dx is computed if need_dx, else has no memory.
Tensor layer_norm_backward(const Tensor& dy, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                           const Tensor& dgamma, const Tensor& dbeta, bool need_dx);

double layer_norm_work(const Tensor& x);  // nanoseconds on one thread

template <class T> struct LayerNormCuda {
  void (*forward)(T* y, double* statistics, const T* x, const T* gamma, const T* beta, int64_t rows,
                  int64_t length, double epsilon);
  void (*input)(T* dx, const T* dy, const T* x, const double* statistics, const T* gamma, int64_t rows,
                int64_t length);
  int64_t (*workspace)(int64_t rows, int64_t length);  // of parameters, in doubles
  void (*parameters)(T* dgamma, T* dbeta, Flag* dgamma_flag, Flag* dbeta_flag, const T* dy, const T* x,
                     const double* statistics, double* workspace, int64_t rows, int64_t length);
};

}  // namespace strate
