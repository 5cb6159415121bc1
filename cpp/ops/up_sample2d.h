// Enlarging images by whole factors h and w.
//   nearest: y[n,i,j,c] = x[n, i / h, j / w, c], rounded down.
//   bilinear: pixels are squares and values stand at their centres, so output i lies at (i + 1/2) / h - 1/2
//   between the rows of x, but no further out than the first and the last; the four pixels around it are
//   weighed by how near they are. (Other libraries call this half-pixel centres, align_corners=False.)
// Derivative: the adjoint: dx is the sum of dy times the weight with which each output took the pixel; dx is
// overwritten. Shapes: x, dx (N, H, W, C), y, dy (N, h H, w W, C). Saved for backward: nothing.
#pragma once

#include <array>
#include <string>

#include "core/tensor.h"
#include "kernels/up_sample2d.h"

namespace strate {

enum class UpSampleKind : int32_t { nearest, bilinear };
UpSampleKind up_sample_kind(const std::string& name);

using UpSampleFactors = std::array<int64_t, 2>;

Tensor up_sample2d_forward(const Tensor& x, UpSampleFactors, UpSampleKind);
Tensor up_sample2d_backward(const Tensor& dy, UpSampleFactors, UpSampleKind);

template <class T> struct UpSample2dCuda {
  void (*forward)(T* y, const T* x, UpSampleSizes, UpSampleKind);
  void (*backward)(T* dx, const T* dy, T* weights, UpSampleSizes, UpSampleKind);
};

}  // namespace strate
