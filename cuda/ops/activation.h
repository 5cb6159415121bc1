// The formulas of the elementwise activations, and their derivatives as functions of the output y, for one
// number: those of cpp/simd/activation.h. NaN goes through every one of them.
#pragma once

#include "core/activation_kind.h"
#include "cuda/core/cuda.h"

namespace strate::cuda {

constexpr double scaled_tanh_height = 1.7159, scaled_tanh_slope = 2.0 / 3;

template <ActivationKind kind, class T> __device__ __forceinline__ T activate(T x, T slope) {
  if constexpr (kind == ActivationKind::relu) return x < T(0) ? T(0) : x;
  else if constexpr (kind == ActivationKind::leaky_relu) return x < T(0) ? x * slope : x;
  else if constexpr (kind == ActivationKind::sigmoid) {
    const T e = exp(-fabs(x));
    return (x < T(0) ? e : T(1)) / (T(1) + e);
  } else if constexpr (kind == ActivationKind::tanh) return tanh(x);
  else if constexpr (kind == ActivationKind::scaled_tanh)
    return T(scaled_tanh_height) * tanh(x * T(scaled_tanh_slope));
  else return x;
}

// dx from dy and the output y.
template <ActivationKind kind, class T> __device__ __forceinline__ T activate_backward(T dy, T y, T slope) {
  if constexpr (kind == ActivationKind::relu) return y <= T(0) ? T(0) : dy;
  else if constexpr (kind == ActivationKind::leaky_relu) return y <= T(0) ? dy * slope : dy;
  else if constexpr (kind == ActivationKind::sigmoid) return dy * (y * (T(1) - y));
  else if constexpr (kind == ActivationKind::tanh) return dy * ((T(1) - y) * (T(1) + y));
  else if constexpr (kind == ActivationKind::scaled_tanh) {
    const T height = T(scaled_tanh_height), gain = T(scaled_tanh_slope / scaled_tanh_height);
    return dy * (gain * ((height - y) * (height + y)));
  } else return dy;
}

// Calls f.operator()<kind>() with an elementwise kind as a compile-time value.
template <class F> void with_activation(ActivationKind kind, F&& f) {
  switch (kind) {
    case ActivationKind::relu:
      return f.template operator()<ActivationKind::relu>();
    case ActivationKind::leaky_relu:
      return f.template operator()<ActivationKind::leaky_relu>();
    case ActivationKind::sigmoid:
      return f.template operator()<ActivationKind::sigmoid>();
    case ActivationKind::tanh:
      return f.template operator()<ActivationKind::tanh>();
    case ActivationKind::scaled_tanh:
      return f.template operator()<ActivationKind::scaled_tanh>();
    default:
      return f.template operator()<ActivationKind::identity>();
  }
}

}  // namespace strate::cuda
