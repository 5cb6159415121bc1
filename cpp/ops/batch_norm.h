// Batch normalisation over all axes but the last: xhat = (x - mean) / sqrt(variance + epsilon), y = g(gamma
// xhat + beta), for each channel; g is elementwise, in the same pass. Mean and variance (divided by n, the
// number of rows) are the batch's in training, else given.
// Derivative: dz = dy g'(z); dbeta = sum of dz, dgamma = sum of dz xhat over the n rows;
//   dx = gamma / sqrt(variance + epsilon) (dz - dbeta / n - xhat dgamma / n) in training, else without the
//   last two terms.
// Training also moves the running statistics: mean <- momentum mean + (1 - momentum) batch's mean, and the
// same for the variance, the batch's being divided by n - 1 there, as in PyTorch.
// Shapes: x, y, dx, dy (..., C), gamma, beta, mean, variance, dgamma, dbeta (C). Saved for backward: x, and
// statistics float64 (2, C): mean, 1 / sqrt(variance + epsilon). Backward computes z from x again.
// Backward overwrites dx, dgamma and dbeta; it raises the flag of a dgamma or dbeta that is not finite.
#pragma once

#include <utility>

#include "core/tensor.h"
#include "ops/activation.h"

namespace strate {

// gamma and beta without memory are 1 and 0. In training mean and variance are written, unless they have no
// memory, and n is 2 or more; n = 0 leaves them alone. `added`, if it has memory, has the shape of y and is
// added before the activation; backward is then given the gradient by that sum, and no activation.
struct BatchNorm {
  BatchNorm(double momentum, double epsilon, bool training);

  double momentum, epsilon;
  bool training;
};

std::pair<Tensor, Tensor> batch_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                             const Tensor& mean, const Tensor& variance, const BatchNorm&,
                                             const Activation&, const Tensor& added);  // y, statistics

// dgamma or dbeta without memory is skipped; dx is computed if need_dx, else has no memory.
Tensor batch_norm_backward(const Tensor& dy, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                           const Tensor& beta, bool training, const Activation&, const Tensor& dgamma,
                           const Tensor& dbeta, bool need_dx);

// weight' and bias' of the affine map that includes the normalisation (by given mean and variance) of its
// outputs, which are the weight's first axis: weight' = weight s, bias' = (bias - mean) s + beta, s = gamma /
// sqrt(variance + epsilon). weight' has the weight's memory order; a bias without memory is 0.
std::pair<Tensor, Tensor> batch_norm_fold(const Tensor& weight, const Tensor& bias, const Tensor& gamma,
                                          const Tensor& beta, const Tensor& mean, const Tensor& variance,
                                          double epsilon);

double batch_norm_work(const Tensor& x);  // nanoseconds on one thread

template <class T> struct BatchNormCuda {
  int64_t (*workspace)(int64_t rows, int64_t channels);  // of both, in doubles
  void (*forward)(T* y, double* statistics, Wide<T>* mean, Wide<T>* variance, const T* x,
                  const Wide<T>* gamma, const Wide<T>* beta, double* workspace, int64_t rows,
                  int64_t channels, BatchNorm, ActivationKind, double slope);
  void (*backward)(T* dx, Wide<T>* dgamma, Wide<T>* dbeta, Flag* dgamma_flag, Flag* dbeta_flag, const T* dy,
                   const T* x, const double* statistics, const Wide<T>* gamma, const Wide<T>* beta,
                   double* workspace, int64_t rows, int64_t channels, bool training, ActivationKind,
                   double slope);
};

// The weight in memory: the channels are `channels` numbers, `inner` apart, `outer` times. factor: room for
// one number for each channel.
template <class T> struct BatchNormFoldCuda {
  void (*fold)(T* folded, T* shift, T* factor, const T* weight, const T* bias, const T* gamma, const T* beta,
               const T* mean, const T* variance, int64_t outer, int64_t channels, int64_t inner,
               double epsilon);
};

}  // namespace strate
