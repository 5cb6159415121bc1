// Sums over the pixels of an image, channel by channel, and the way back.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct GlobalAveragePool2dKernels {
  // sum[c] = sum over the rows of x (rows, channels).
  void (*sum)(double* sum, const T* x, int64_t rows, int64_t channels);
  // Each row of dx is dy times share.
  void (*spread)(T* dx, const T* dy, int64_t rows, int64_t channels, T share);

  template <class F> static void list(F&& visit) {
    visit("global_average_pool2d.sum", member<&GlobalAveragePool2dKernels::sum>);
    visit("global_average_pool2d.spread", member<&GlobalAveragePool2dKernels::spread>);
  }
};

}  // namespace strate
