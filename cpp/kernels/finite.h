// Whether every number is finite.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct FiniteKernels {
  bool (*all)(const T* x, int64_t n);

  template <class F> static void list(F&& visit) { visit("finite.all", member<&FiniteKernels::all>); }
};

}  // namespace strate
