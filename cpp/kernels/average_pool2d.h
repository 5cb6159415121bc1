// Average pooling over rows: of the output going forward, of the input going back. A row index counts through
// all images.
#pragma once

#include <cstdint>

#include "kernels/member.h"
#include "kernels/pool2d.h"

namespace strate {

template <class T> struct AveragePool2dKernels {
  void (*forward)(T* y, const T* x, const PoolSizes& sizes, int64_t begin, int64_t end);
  void (*backward)(T* dx, const T* dy, const PoolSizes& sizes, int64_t begin, int64_t end);

  template <class F> static void list(F&& visit) {
    visit("average_pool2d.forward", member<&AveragePool2dKernels::forward>);
    visit("average_pool2d.backward", member<&AveragePool2dKernels::backward>);
  }
};

}  // namespace strate
