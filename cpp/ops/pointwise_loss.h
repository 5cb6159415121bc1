// Losses that compare output and target number by number: J = the sum of f(y, t) over components, averaged
// over the samples (the first axis) or summed. With d = y - t:
//   huber                 f = d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2); f' = d held in
//                         [-delta, delta]
//   binary_cross_entropy  f = -t' log p - (1 - t') log(1 - p) with p = sigmoid(y), y a logit, and t' = (1 -
//   s) t
//                         + s / 2; f' = p - t'. Computed as max(y, 0) - y t' + log(1 + e^-|y|): no overflow.
//   hinge                 f = max(0, 1 - t y), t -1 or 1; f' = -t where that is above 0, else 0
// Derivative: dy = f' / samples; dy is overwritten. Shapes: y, target, dy any and equal; loss float64 (),
// summed in double precision; 0 where there are no samples.
#pragma once

#include "kernels/pointwise_loss.h"
#include "ops/loss.h"

namespace strate {

PointwiseLoss pointwise_loss_of(const std::string& name);

// parameter: delta of huber, smoothing s of binary_cross_entropy; hinge has none.
LossAndGradient pointwise_loss(const Tensor& y, const Tensor& target, PointwiseLoss, double parameter,
                               Reduction);
double pointwise_loss_work(const Tensor& y);  // nanoseconds on one thread

template <class T> struct PointwiseLossCuda {
  void (*loss)(double* loss, Flag* nonfinite, double* sums, T* dy, const T* y, const T* target, int64_t n,
               PointwiseLoss, double parameter, double share);
};

}  // namespace strate
