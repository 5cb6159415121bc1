// Sum of squared differences, and its gradient, in one pass.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct SquaredErrorKernels {
  // Returns sum((y - target)^2); dy = scale (y - target). Differences and sum in double precision.
  double (*sum)(T* dy, const T* y, const T* target, int64_t n, double scale);

  template <class F> static void list(F&& visit) {
    visit("squared_error.sum", member<&SquaredErrorKernels::sum>);
  }
};

}  // namespace strate
