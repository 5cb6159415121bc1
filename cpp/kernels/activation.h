// Elementwise activations over n numbers, in place where the pointers are equal; and exp and log by
// themselves.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "kernels/member.h"

namespace strate {

enum class Elementary : int32_t { exp, log };

template <class T> struct ActivationKernels {
  void (*forward)(T* y, const T* x, int64_t n, ActivationKind kind, T slope);
  void (*backward)(T* dx, const T* dy, const T* y, int64_t n, ActivationKind kind, T slope);
  void (*elementary)(T* y, const T* x, int64_t n, Elementary function);

  template <class F> static void list(F&& visit) {
    visit("activation.forward", member<&ActivationKernels::forward>);
    visit("activation.backward", member<&ActivationKernels::backward>);
    visit("activation.elementary", member<&ActivationKernels::elementary>);
  }
};

}  // namespace strate
