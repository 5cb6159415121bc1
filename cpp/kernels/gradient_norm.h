// Sum of squares of n numbers.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct GradientNormKernels {
  double (*squares)(const T* x, int64_t n);  // in double precision, where squares of floats do not overflow

  template <class F> static void list(F&& visit) {
    visit("gradient_norm.squares", member<&GradientNormKernels::squares>);
  }
};

}  // namespace strate
