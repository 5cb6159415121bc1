// y = (x - center) scale on channels, for the numbers [0, n) of a tensor whose first one is of channel 0.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct NormalizeKernels {
  // center and scale repeat the channels over `period` numbers, a multiple of 16; center may be null: 0 then.
  void (*apply)(T* y, const T* x, int64_t n, const T* center, const T* scale, int64_t period);

  template <class F> static void list(F&& visit) {
    visit("normalize.apply", member<&NormalizeKernels::apply>);
  }
};

}  // namespace strate
