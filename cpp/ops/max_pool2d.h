// Max pooling: y[n,i,j,c] = the largest x[n, i*stride + a*dilation - top, j*stride + b*dilation - left, c]
// over the places (a, b) of the window that lie in the image. The first of equals wins; a NaN wins over any
// number; padding never wins. Derivative: dy goes to the winner of each window; dx is overwritten. Shapes: x,
// dx (N, H, W, C), y, dy (N, H', W', C); H', W' as in pool2d.h. Saved for backward: argmax (N, H', W', C),
// the winner's place a * window width + b: one byte where the window has up to 256 places, else four.
#pragma once

#include <utility>

#include "ops/pool2d.h"

namespace strate {

// The second is without memory unless need_argmax.
std::pair<Tensor, Tensor> max_pool2d_forward(const Tensor& x, const Pool2d&, bool need_argmax);
Tensor max_pool2d_backward(const Tensor& dy, const Tensor& argmax, const Shape& x, const Pool2d&);

template <class T> struct MaxPool2dCuda {
  void (*forward)(T* y, void* argmax, const T* x, PoolSizes);
  void (*backward)(T* dx, const T* dy, const void* argmax, PoolSizes);
};

}  // namespace strate
