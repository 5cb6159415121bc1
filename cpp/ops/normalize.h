// Normalisation of channels by constants: y = (x - mean) / deviation along the last axis.
// Derivative: dx = dy / deviation; dx is overwritten. Saved for backward: nothing.
// Shapes: x, y, dy, dx (..., C); mean, deviation (C), of the same element type. Division is multiplication by
// the reciprocal.
#pragma once

#include "core/tensor.h"

namespace strate {

Tensor normalize_forward(const Tensor& x, const Tensor& mean, const Tensor& deviation);
Tensor normalize_backward(const Tensor& dy, const Tensor& deviation);
double normalize_work(const Tensor&);  // nanoseconds on one thread

}  // namespace strate
