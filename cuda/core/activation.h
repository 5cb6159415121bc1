// The formulas of the elementwise activations on a device, as in cpp/simd/activation.h. NaN goes through
// every one.
#pragma once

#include <cmath>

#include "core/activation_kind.h"
#include "cuda/core/cuda.h"

namespace strate::cuda {

constexpr double scaled_tanh_height = 1.7159, scaled_tanh_slope = 2.0 / 3;

__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
__device__ __forceinline__ float hyperbolic_tangent(float x) { return tanhf(x); }
__device__ __forceinline__ double hyperbolic_tangent(double x) { return tanh(x); }

template <class T> __device__ __forceinline__ T activate(ActivationKind kind, T x, T slope) {
  switch (kind) {
    case ActivationKind::relu:
      return x < T(0) ? T(0) : x;
    case ActivationKind::leaky_relu:
      return x < T(0) ? x * slope : x;
    case ActivationKind::sigmoid: {
      const T e = exponential(x < T(0) ? x : -x);  // never overflows, so tiny results stay
      return (x < T(0) ? e : T(1)) / (T(1) + e);
    }
    case ActivationKind::tanh:
      return hyperbolic_tangent(x);
    case ActivationKind::scaled_tanh:
      return T(scaled_tanh_height) * hyperbolic_tangent(x * T(scaled_tanh_slope));
    default:
      return x;  // softmax works on whole rows: whoever calls does it afterwards
  }
}

// dx from dy and the output y.
template <class T> __device__ __forceinline__ T activate_backward(ActivationKind kind, T dy, T y, T slope) {
  switch (kind) {
    case ActivationKind::relu:
      return y <= T(0) ? T(0) : dy;
    case ActivationKind::leaky_relu:
      return y <= T(0) ? dy * slope : dy;
    case ActivationKind::sigmoid:
      return dy * (y * (T(1) - y));
    case ActivationKind::tanh:
      return dy * ((T(1) - y) * (T(1) + y));
    case ActivationKind::scaled_tanh: {
      const T height = T(scaled_tanh_height), gain = T(scaled_tanh_slope / scaled_tanh_height);
      return dy * (gain * ((height - y) * (height + y)));
    }
    default:
      return dy;
  }
}

}  // namespace strate::cuda
