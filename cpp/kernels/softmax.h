// Softmax over rows of any length.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct SoftmaxKernels {
  void (*forward)(T* y, const T* x, int64_t rows, int64_t length);
  void (*backward)(T* dx, const T* dy, const T* y, int64_t rows, int64_t length);

  template <class F> static void list(F&& visit) {
    visit("softmax.forward", member<&SoftmaxKernels::forward>);
    visit("softmax.backward", member<&SoftmaxKernels::backward>);
  }
};

}  // namespace strate
