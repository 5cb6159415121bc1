// Activations: y = f(x), elementwise, or softmax over the last axis.
//   identity x; relu max(0, x); leaky_relu x or slope x; sigmoid 1 / (1 + e^-x); tanh;
//   scaled_tanh A tanh(S x), A = 1.7159, S = 2 / 3;
//   softmax e^(x_i - m) / sum_j e^(x_j - m), m the largest of the row.
// Derivative, as a function of y: 1; 1 or 0 (0 at the kink); 1 or slope; y (1 - y); 1 - y^2;
//   S / A (A^2 - y^2); softmax: dx = y (dy - sum(dy y)), the product with its Jacobian diag(y) - y y^T.
// Shapes: y, dx as x. Backward overwrites dx. Saved for backward: y. Softmax of bfloat16 is taken in float32.
#pragma once

#include "core/activation_kind.h"
#include "core/tensor.h"
#include "kernels/activation.h"

namespace strate {

struct Activation {
  Activation(const std::string& kind, double slope);  // slope: of leaky_relu, 0 or more
  Activation() = default;

  ActivationKind kind = ActivationKind::identity;
  double slope = 0;
};

const char* activation_name(ActivationKind);

Tensor activation_forward(const Tensor& x, const Activation&);
Tensor activation_backward(const Tensor& dy, const Tensor& y, const Activation&);
double activation_work(const Tensor&, const Activation&);  // nanoseconds on one thread

// exp(x) or log(x) by themselves, as the kernels compute them; for tests of their accuracy.
Tensor elementary(const Tensor& x, const std::string& function);

template <class T> struct ActivationCuda {
  void (*forward)(T* y, const T* x, int64_t n, ActivationKind, double slope);
  void (*backward)(T* dx, const T* dy, const T* y, int64_t n, ActivationKind, double slope);
  void (*softmax_forward)(T* y, const T* x, int64_t rows, int64_t length);
  void (*softmax_backward)(T* dx, const T* dy, const T* y, int64_t rows, int64_t length);
  void (*elementary)(T* y, const T* x, int64_t n, Elementary);
};

}  // namespace strate
