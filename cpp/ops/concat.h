// Maps side by side: y holds the maps of x_1, then those of x_2, ..., along the last axis.
// Derivative: each dx is its part of dy; overwritten. Shapes: x_i (..., C_i), y (..., C_1 + C_2 + ...).
// Saved for backward: the C_i.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace strate {

Tensor concat_forward(const std::vector<Tensor>& xs);
std::vector<Tensor> concat_backward(const Tensor& dy, const std::vector<int64_t>& maps);
double concat_work(const Tensor& y);  // nanoseconds on one thread

template <class T>
struct ConcatCuda {  // rows of `width` bytes, in y or dy `stride` bytes apart from `offset` on
  void (*forward)(char* y, const char* x, int64_t rows, int64_t width, int64_t offset, int64_t stride);
  void (*backward)(char* dx, const char* dy, int64_t rows, int64_t width, int64_t offset, int64_t stride);
};

}  // namespace strate
