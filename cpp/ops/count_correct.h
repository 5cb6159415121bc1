// The number of rows whose largest output is at the label, or at the largest entry of a one-hot target. The
// first of equals is the largest; a row with a NaN is wrong. Shapes: y (..., C), target labels (...) uint8,
// int32 or int64, or one-hot (..., C) float32 or float64.
#pragma once

#include "core/tensor.h"

namespace strate {

int64_t count_correct(const Tensor& y, const Tensor& target);

}  // namespace strate
