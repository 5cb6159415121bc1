// Average pooling: y[n,i,j,c] = sum of x[n, i*stride + a*dilation - top, j*stride + b*dilation - left, c]
// over the places (a, b) of the window that lie in the image, divided by their number k; with count_padding,
// k counts the places in the padding too (but not those that rounding up adds behind it). Derivative: dx =
// the sum of dy / k over the windows that see the pixel; dx is overwritten. Shapes: x, dx (N, H, W, C), y, dy
// (N, H', W', C); H', W' as in pool2d.h. Saved for backward: nothing.
#pragma once

#include "ops/pool2d.h"

namespace strate {

Tensor average_pool2d_forward(const Tensor& x, const Pool2d&);
Tensor average_pool2d_backward(const Tensor& dy, const Shape& x, const Pool2d&);

template <class T> struct AveragePool2dCuda {
  void (*forward)(T* y, const T* x, PoolSizes);
  void (*backward)(T* dx, const T* dy, PoolSizes);
};

}  // namespace strate
