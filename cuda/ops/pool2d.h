// What the pooling kernels share: which element a thread has, and where windows lie.
#pragma once

#include "cuda/core/cuda.h"
#include "kernels/pool2d.h"

namespace strate::cuda {

// Image, row, column and channel of element i of (images, rows, columns, channels).
struct Pixel {
  int64_t image, row, column, channel;
};

__device__ __forceinline__ Pixel pixel_of(int64_t i, int64_t rows, int64_t columns, int64_t channels) {
  Pixel p;
  p.channel = i % channels;
  i /= channels;
  p.column = i % columns;
  i /= columns;
  p.row = i % rows;
  p.image = i / rows;
  return p;
}

// Windows along an axis that may hold the pixel at `place`: first ... last.
struct Reach {
  int64_t first, last;
};

__device__ __forceinline__ Reach windows_over(const PoolAxis& axis, int64_t place) {
  const int64_t at = place + axis.before, span = axis.dilation * (axis.window - 1);
  const int64_t first = at <= span ? 0 : (at - span + axis.stride - 1) / axis.stride;
  const int64_t last = at / axis.stride;
  return {first, last < axis.out ? last : axis.out - 1};
}

}  // namespace strate::cuda
