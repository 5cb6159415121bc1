// Global average pooling: y[n, c] = mean over i, j of x[n, i, j, c].
// Derivative: dx[n, i, j, c] = dy[n, c] / (H W); dx is overwritten. Shapes: x, dx (N, H, W, C), y, dy (N, C).
// Saved for backward: nothing. Sums in double precision from 64 pixels on, an image of few in chunks.
#pragma once

#include "core/tensor.h"
#include "ops/column_sums.h"

namespace strate {

Tensor global_average_pool2d_forward(const Tensor& x);
Tensor global_average_pool2d_backward(const Tensor& dy, const Shape& x);
double global_average_pool2d_work(const Shape& x, int64_t item);  // nanoseconds on one thread

template <class T> struct GlobalAveragePool2dCuda {
  void (*forward)(T* y, const T* x, double* partials, ColumnSizes);  // an image's pixels are a group's rows
  void (*backward)(T* dx, const T* dy, int64_t images, int64_t pixels, int64_t channels);
};

}  // namespace strate
