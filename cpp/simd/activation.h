// The formulas of the elementwise activations, and their derivatives as functions of the output y, on
// registers.
//   relu max(0, x), derivative 1 where y > 0, else 0 (so 0 at the kink); leaky_relu x or slope x (slope >=
//   0), derivative 1 or slope; sigmoid 1 / (1 + e^-x), y (1 - y); tanh, 1 - y^2;
//   scaled_tanh A tanh(S x), S / A (A - y) (A + y), A = 1.7159, S = 2 / 3 (LeCun et al., 1998).
// NaN goes through every one of them.
#pragma once

#include "core/activation_kind.h"
#include "simd/math.h"

namespace strate::STRATE_ISA {

constexpr double scaled_tanh_height = 1.7159, scaled_tanh_slope = 2.0 / 3;

template <ActivationKind kind, class T> STRATE_INLINE Vec<T> activate(Vec<T> x, T slope) {
  if constexpr (kind == ActivationKind::relu) return positive_part<T>(x);
  else if constexpr (kind == ActivationKind::leaky_relu) return x < zero<T>() ? x * broadcast<T>(slope) : x;
  else if constexpr (kind == ActivationKind::sigmoid) return sigmoid<T>(x);
  else if constexpr (kind == ActivationKind::tanh) return tanh<T>(x);
  else if constexpr (kind == ActivationKind::scaled_tanh)
    return broadcast<T>(T(scaled_tanh_height)) * tanh<T>(x * broadcast<T>(T(scaled_tanh_slope)));
  else return x;
}

// One of the short kinds, those that take no exponential, chosen at run time.
template <class T> STRATE_INLINE Vec<T> activate_short(Vec<T> v, ActivationKind kind, T slope) {
  if (kind == ActivationKind::relu) return activate<ActivationKind::relu, T>(v, slope);
  if (kind == ActivationKind::leaky_relu) return activate<ActivationKind::leaky_relu, T>(v, slope);
  return v;
}

// dx from dy and the output y.
template <ActivationKind kind, class T> STRATE_INLINE Vec<T> activate_backward(Vec<T> dy, Vec<T> y, T slope) {
  const Vec<T> one = broadcast<T>(1);
  if constexpr (kind == ActivationKind::relu) return y <= zero<T>() ? zero<T>() : dy;
  else if constexpr (kind == ActivationKind::leaky_relu)
    return y <= zero<T>() ? dy * broadcast<T>(slope) : dy;
  else if constexpr (kind == ActivationKind::sigmoid) return dy * (y * (one - y));
  else if constexpr (kind == ActivationKind::tanh) return dy * ((one - y) * (one + y));
  else if constexpr (kind == ActivationKind::scaled_tanh) {
    const Vec<T> height = broadcast<T>(T(scaled_tanh_height)),
                 gain = broadcast<T>(T(scaled_tanh_slope / scaled_tanh_height));
    return dy * (gain * ((height - y) * (height + y)));
  } else return dy;
}

// Calls f.operator()<kind>() with an elementwise kind as a compile-time value; of the short ones.
template <class F> STRATE_INLINE void with_short_activation(ActivationKind kind, F&& f) {
  switch (kind) {
    case ActivationKind::relu:
      return f.template operator()<ActivationKind::relu>();
    case ActivationKind::leaky_relu:
      return f.template operator()<ActivationKind::leaky_relu>();
    default:
      return f.template operator()<ActivationKind::identity>();
  }
}

// Of all.
template <class F> STRATE_INLINE void with_activation(ActivationKind kind, F&& f) {
  switch (kind) {
    case ActivationKind::sigmoid:
      return f.template operator()<ActivationKind::sigmoid>();
    case ActivationKind::tanh:
      return f.template operator()<ActivationKind::tanh>();
    case ActivationKind::scaled_tanh:
      return f.template operator()<ActivationKind::scaled_tanh>();
    default:
      return with_short_activation(kind, f);
  }
}

}  // namespace strate::STRATE_ISA
