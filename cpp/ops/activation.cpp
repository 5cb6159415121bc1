#include "ops/activation.h"

#include <cmath>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* kind_names[activation_kind_count] = {"identity", "relu",        "leaky_relu", "sigmoid",
                                                           "tanh",     "scaled_tanh", "softmax"};

ActivationKind kind_of(const std::string& name) {
  for (int i = 0; i < activation_kind_count; i++)
    if (name == kind_names[i]) return ActivationKind(i);
  fail_value("activation",
             "a kind is identity, relu, leaky_relu, sigmoid, tanh, scaled_tanh or softmax; got kind=", name);
}

bool takes_exp(ActivationKind kind) { return kind >= ActivationKind::sigmoid; }

int64_t rows_per_task(int64_t length) { return length < elementwise_grain ? elementwise_grain / length : 1; }

double forward_time(int64_t bytes, ActivationKind kind) {
  return streaming_time(2 * bytes) + (takes_exp(kind) ? double(bytes) * 0.2 : 0);
}

}  // namespace

Activation::Activation(const std::string& name, double slope_) : kind(kind_of(name)), slope(slope_) {
  check(std::isfinite(slope) && slope >= 0, "activation",
        "the slope is a finite number, 0 or more; got slope=", slope);
}

const char* activation_name(ActivationKind kind) { return kind_names[int(kind)]; }

double activation_work(const Tensor& t, const Activation& activation) {
  return forward_time(t.bytes(), activation.kind);
}

namespace cpu {

template <class T> void activation_forward(T* y, const T* x, int64_t n, ActivationKind kind, double slope) {
  const auto& k = kernels<T>().activation;
  parallel_ranges(n, elementwise_grain, forward_time(n * sizeof(T), kind),
                  [&](int64_t b, int64_t e) { k.forward(y + b, x + b, e - b, kind, T(slope)); });
}

template <class T>
void activation_backward(T* dx, const T* dy, const T* y, int64_t n, ActivationKind kind, double slope) {
  const auto& k = kernels<T>().activation;
  parallel_ranges(n, elementwise_grain, streaming_time(3 * n * sizeof(T)),
                  [&](int64_t b, int64_t e) { k.backward(dx + b, dy + b, y + b, e - b, kind, T(slope)); });
}

template <class T> void softmax_forward(T* y, const T* x, int64_t rows, int64_t length) {
  const auto& k = kernels<T>().softmax;
  parallel_ranges(rows, rows_per_task(length),
                  forward_time(rows * length * sizeof(T), ActivationKind::softmax),
                  [&](int64_t b, int64_t e) { k.forward(y + b * length, x + b * length, e - b, length); });
}

template <class T> void softmax_backward(T* dx, const T* dy, const T* y, int64_t rows, int64_t length) {
  const auto& k = kernels<T>().softmax;
  parallel_ranges(rows, rows_per_task(length), streaming_time(3 * rows * length * sizeof(T)),
                  [&](int64_t b, int64_t e) {
                    k.backward(dx + b * length, dy + b * length, y + b * length, e - b, length);
                  });
}

template <class T> void elementary(T* y, const T* x, int64_t n, Elementary function) {
  kernels<T>().activation.elementary(y, x, n, function);
}

}  // namespace cpu

Tensor activation_forward(const Tensor& x_, const Activation& activation) {
  check_stored("activation", "x", x_);
  const bool softmax = activation.kind == ActivationKind::softmax;
  check(!softmax || x_.rank() > 0, "activation", "softmax needs an axis; got x=", x_.shape());
  if (softmax && x_.dtype() == DType::bfloat16)
    return cast(activation_forward(cast(x_, DType::float32), activation), DType::bfloat16);
  const Tensor x = contiguous(x_);
  Tensor y = empty(x.shape(), x.dtype(), x.device());
  if (x.count() == 0) return y;
  visit_stored(x.dtype(), [&]<class T>() {
    using Cuda = ActivationCuda<T>;
    if (softmax)
      run(on<T>(x.device(), STRATE_CPU(cpu::softmax_forward), &Cuda::softmax_forward), y, x,
          x.count() / x.shape()[-1], x.shape()[-1]);
    else
      run(on<T>(x.device(), STRATE_CPU(cpu::activation_forward), &Cuda::forward), y, x, x.count(),
          activation.kind, activation.slope);
  });
  return y;
}

Tensor activation_backward(const Tensor& dy_, const Tensor& y_, const Activation& activation) {
  check_stored("activation", "dy", dy_);
  check_same_type("activation", "dy", dy_, "y", y_);
  check_same_shape("activation", "dy", dy_, "y", y_);
  const bool softmax = activation.kind == ActivationKind::softmax;
  check(!softmax || dy_.rank() > 0, "activation", "softmax needs an axis; got dy=", dy_.shape());
  if (softmax && y_.dtype() == DType::bfloat16)
    return cast(activation_backward(cast(dy_, DType::float32), cast(y_, DType::float32), activation),
                DType::bfloat16);
  const Tensor dy = contiguous(dy_), y = contiguous(y_);
  Tensor dx = empty(y.shape(), y.dtype(), y.device());
  if (y.count() == 0) return dx;
  visit_stored(y.dtype(), [&]<class T>() {
    using Cuda = ActivationCuda<T>;
    if (softmax)
      run(on<T>(y.device(), STRATE_CPU(cpu::softmax_backward), &Cuda::softmax_backward), dx, dy, y,
          y.count() / y.shape()[-1], y.shape()[-1]);
    else
      run(on<T>(y.device(), STRATE_CPU(cpu::activation_backward), &Cuda::backward), dx, dy, y, y.count(),
          activation.kind, activation.slope);
  });
  return dx;
}

Tensor elementary(const Tensor& x_, const std::string& function) {
  check_real("elementary", "x", x_);
  check(function == "exp" || function == "log", "elementary",
        "a function is exp or log; got function=", function);
  const Tensor x = contiguous(x_);
  Tensor y = empty(x.shape(), x.dtype(), x.device());
  visit_real(x.dtype(), [&]<class T>() {
    run(on(x.device(), cpu::elementary<T>, &ActivationCuda<T>::elementary), y, x, x.count(),
        function == "exp" ? Elementary::exp : Elementary::log);
  });
  return y;
}

}  // namespace strate
