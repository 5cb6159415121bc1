// One step of an optimiser that divides by the root of averaged squares, on n parameters, in one pass.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

// What `moment` averages: nothing, the gradient (Adam), or the step itself (momentum of RMSProp).
enum class Averaged : int32_t { nothing, gradient, step };

// g = clamp(scale gradient, limit) + decay theta, square = keep_square square + add_square g^2,
// r = 1 / (root_scale sqrt(square) + epsilon), and then theta = shrink theta - rate * one of
//   nothing: g r; gradient: moment r with moment = keep moment + add g; step: moment = keep moment + g r.
struct AdaptiveNumbers {
  double rate, shrink, decay, scale, limit, keep, add, keep_square, add_square, root_scale, epsilon;
};

template <class T> struct AdaptiveKernels {
  void (*step)(T* theta, const T* gradient, T* moment, T* square, int64_t n, Averaged,
               const AdaptiveNumbers*);

  template <class F> static void list(F&& visit) { visit("adaptive.step", member<&AdaptiveKernels::step>); }
};

}  // namespace strate
