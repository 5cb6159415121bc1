// Stochastic gradient descent on n parameters, in one pass.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct SgdKernels {
  // hyper: learning rate, momentum, weight decay, scale and limit of the gradient. velocity may be null: no
  // momentum then.
  void (*step)(T* theta, const T* gradient, T* velocity, int64_t n, const double* hyper, bool decays,
               bool nesterov);

  template <class F> static void list(F&& visit) { visit("sgd.step", member<&SgdKernels::step>); }
};

}  // namespace strate
