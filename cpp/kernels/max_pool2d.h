// Max pooling over rows: of the output going forward, of the input going back. A row index counts through all
// images.
#pragma once

#include <cstdint>

#include "kernels/member.h"
#include "kernels/pool2d.h"

namespace strate {

// argmax is the winner's place in its window, a * window width + b: one byte, or four where a window has more
// than 256.
template <class T> struct MaxPool2dKernels {
  void (*forward)(T* y, const T* x, const PoolSizes& sizes, int64_t begin, int64_t end);
  void (*forward_byte)(T* y, uint8_t* argmax, const T* x, const PoolSizes& sizes, int64_t begin, int64_t end);
  void (*forward_int)(T* y, int32_t* argmax, const T* x, const PoolSizes& sizes, int64_t begin, int64_t end);
  void (*backward_byte)(T* dx, const T* dy, const uint8_t* argmax, const PoolSizes& sizes, int64_t begin,
                        int64_t end);
  void (*backward_int)(T* dx, const T* dy, const int32_t* argmax, const PoolSizes& sizes, int64_t begin,
                       int64_t end);

  template <class F> static void list(F&& visit) {
    visit("max_pool2d.forward", member<&MaxPool2dKernels::forward>);
    visit("max_pool2d.forward_byte", member<&MaxPool2dKernels::forward_byte>);
    visit("max_pool2d.forward_int", member<&MaxPool2dKernels::forward_int>);
    visit("max_pool2d.backward_byte", member<&MaxPool2dKernels::backward_byte>);
    visit("max_pool2d.backward_int", member<&MaxPool2dKernels::backward_int>);
  }
};

}  // namespace strate
