// Local response normalisation of rows of channels. Squares lie in a scratch row with zeros on both sides, so
// that a window is a sum of registers loaded from neighbouring places.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct ResponseSettings {
  int64_t half;  // neighbours on each side
  T k, alpha, beta;

  int64_t padded(int64_t channels) const { return channels + 2 * half; }
};

template <class T> struct LocalResponseNormKernels {
  // scratch: padded(channels) numbers.
  void (*forward)(T* y, const T* x, T* scratch, int64_t rows, int64_t channels, ResponseSettings<T> settings);
  // scratch: 2 padded(channels) numbers.
  void (*backward)(T* dx, const T* dy, const T* x, T* scratch, int64_t rows, int64_t channels,
                   ResponseSettings<T> settings);

  template <class F> static void list(F&& visit) {
    visit("local_response_norm.forward", member<&LocalResponseNormKernels::forward>);
    visit("local_response_norm.backward", member<&LocalResponseNormKernels::backward>);
  }
};

}  // namespace strate
