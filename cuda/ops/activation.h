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

// ---- fewer kernels where the formula is a small part of the work: the identity and ReLU are compiled in,
// the others are told apart as they run, by a branch that all threads take alike. Softmax, which is no
// elementwise kind, stands for them: a value without a name of its own is more than nvcc 13.0 can write into
// its stubs.

constexpr ActivationKind other_kind = ActivationKind::softmax;

template <class T> struct Curve {
  ActivationKind kind;
  T slope;
};

template <ActivationKind kind, class T> __device__ __forceinline__ T activate(T x, Curve<T> curve) {
  if constexpr (kind != other_kind) return activate<kind>(x, curve.slope);
  else if (curve.kind == ActivationKind::leaky_relu)
    return activate<ActivationKind::leaky_relu>(x, curve.slope);
  else if (curve.kind == ActivationKind::sigmoid) return activate<ActivationKind::sigmoid>(x, curve.slope);
  else if (curve.kind == ActivationKind::tanh) return activate<ActivationKind::tanh>(x, curve.slope);
  else return activate<ActivationKind::scaled_tanh>(x, curve.slope);
}

template <ActivationKind kind, class T>
__device__ __forceinline__ T activate_backward(T dy, T y, Curve<T> curve) {
  if constexpr (kind != other_kind) return activate_backward<kind>(dy, y, curve.slope);
  else if (curve.kind == ActivationKind::leaky_relu)
    return activate_backward<ActivationKind::leaky_relu>(dy, y, curve.slope);
  else if (curve.kind == ActivationKind::sigmoid)
    return activate_backward<ActivationKind::sigmoid>(dy, y, curve.slope);
  else if (curve.kind == ActivationKind::tanh)
    return activate_backward<ActivationKind::tanh>(dy, y, curve.slope);
  else return activate_backward<ActivationKind::scaled_tanh>(dy, y, curve.slope);
}

// Calls f.operator()<kind>() with the identity, ReLU or other_kind.
template <class F> void with_usual_activation(ActivationKind kind, F&& f) {
  if (kind == ActivationKind::identity) f.template operator()<ActivationKind::identity>();
  else if (kind == ActivationKind::relu) f.template operator()<ActivationKind::relu>();
  else f.template operator()<other_kind>();
}

}  // namespace strate::cuda
