// Whether every number is finite, and the largest.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct FiniteKernels {
  bool (*all)(const T* x, int64_t n);
  T (*largest)(const T* x, int64_t n);  // magnitude; 0 of nothing, NaN where there is one

  template <class F> static void list(F&& visit) {
    visit("finite.all", member<&FiniteKernels::all>);
    visit("finite.largest", member<&FiniteKernels::largest>);
  }
};

}  // namespace strate
