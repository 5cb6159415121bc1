#include "ops/sgd.h"

#include "kernels/dispatch.h"
#include "ops/segments.h"

namespace strate {
namespace {

constexpr const char* op = "sgd";

}  // namespace

double sgd_work(const Tensor& theta) { return streaming_time(5 * theta.bytes()); }

namespace cpu {

template <class T>
void sgd(T* theta, const T* gradient, T* velocity, const double* hyper, const int64_t* segments,
         int64_t count, bool nesterov, double work) {
  const auto& k = kernels<T>().sgd;
  Segments{segments, count}.for_each(work, [&](int64_t b, int64_t e, bool decays) {
    k.step(theta + b, gradient + b, velocity ? velocity + b : nullptr, e - b, hyper, decays, nesterov);
  });
}

}  // namespace cpu

void sgd(const Tensor& theta, const Tensor& gradient, const Tensor& velocity, const Tensor& hyper,
         const Tensor& segments, bool nesterov) {
  check_theta(op, theta);
  check_buffer(op, "gradient", gradient, theta);
  check_memory(op, "velocity", velocity, theta);
  check(velocity.defined() || !nesterov, op, "nesterov needs velocity");
  if (hyper.dtype() != DType::float64 || hyper.shape() != Shape{5} || !hyper.contiguous())
    fail_type(op,
              "hyper is float64 (5): learning rate, momentum, weight decay, gradient's scale and limit; "
              "got hyper=",
              Described{hyper});
  check_same_device(op, "theta", theta, "hyper", hyper);
  check_segments(op, segments, "theta", theta);
  visit_real(theta.dtype(), [&]<class T>() {
    const int64_t count = segments.shape()[0];
    if (theta.device() == Device::cuda)
      run(on_cuda(&SgdCuda<T>::step), theta, gradient, velocity, theta.count(), hyper, segments, count,
          nesterov, gradient.nonfinite());
    else run(cpu::sgd<T>, theta, gradient, velocity, hyper, segments, count, nesterov, sgd_work(theta));
  });
}

}  // namespace strate
