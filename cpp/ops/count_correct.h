// The number of rows whose largest output is at the label, or at the largest entry of a one-hot target. The
// first of equals is the largest; a row with a NaN is wrong. Shapes: y (..., C), target labels (...) uint8,
// int32 or int64, or one-hot (..., C) float32 or float64.
#pragma once

#include "core/tensor.h"

namespace strate {

Tensor count_correct(const Tensor& y, const Tensor& target);  // float64 ()

// sums has cuda_sum_blocks places.
template <class T> struct CountCorrectCuda {
  void (*labels)(double* correct, double* sums, const T* y, const void* labels, int64_t bytes, int64_t rows,
                 int64_t classes);
  void (*one_hot)(double* correct, double* sums, const T* y, const void* target, DType, int64_t rows,
                  int64_t classes);
};

}  // namespace strate
