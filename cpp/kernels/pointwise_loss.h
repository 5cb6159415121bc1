// A loss that adds a term for every number, and its gradient, in one pass.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

enum class PointwiseLoss : int32_t { huber, binary_cross_entropy, hinge };

template <class T> struct PointwiseLossKernels {
  // Returns the sum of the terms; dy = scale times their derivatives. In double precision. `parameter` is
  // huber's delta and binary_cross_entropy's smoothing.
  double (*sum)(T* dy, const T* y, const T* target, int64_t n, PointwiseLoss, double parameter, double scale);

  template <class F> static void list(F&& visit) {
    visit("pointwise_loss.sum", member<&PointwiseLossKernels::sum>);
  }
};

}  // namespace strate
