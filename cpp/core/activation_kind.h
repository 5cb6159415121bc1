// The activations. Softmax works on whole rows (the last axis); the others element by element, so they can be
// fused into the kernel that writes their input.
#pragma once

#include <cstdint>

namespace strate {

enum class ActivationKind : int32_t { identity, relu, leaky_relu, sigmoid, tanh, scaled_tanh, softmax };
constexpr int activation_kind_count = 7;

// Elementwise ones that the kernels of products leave to a pass over what the cache still holds.
constexpr bool takes_exponential(ActivationKind kind) {
  return kind >= ActivationKind::sigmoid && kind <= ActivationKind::scaled_tanh;
}

}  // namespace strate
