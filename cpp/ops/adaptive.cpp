#include "ops/adaptive.h"

#include "kernels/dispatch.h"
#include "ops/adaptive_numbers.h"
#include "ops/segments.h"

namespace strate {
namespace {

constexpr const char* op = "adaptive";

}  // namespace

AdaptiveKind adaptive_kind_of(const std::string& name) {
  constexpr const char* names[] = {"adam", "adamw", "rmsprop", "adagrad"};
  for (int i = 0; i < 4; i++)
    if (name == names[i]) return AdaptiveKind(i);
  fail_value(op, "kind is adam, adamw, rmsprop or adagrad; got kind=", name);
}

double adaptive_work(const Tensor& theta) { return streaming_time(7 * theta.bytes()); }

namespace cpu {

template <class T>
void adaptive(T* theta, const T* gradient, T* moment, T* square, double* hyper, const int64_t* segments,
              int64_t count, AdaptiveKind kind, double work) {
  const auto& k = kernels<T>().adaptive;
  const Averaged averaged = averaged_by(kind, moment != nullptr);
  AdaptiveNumbers decaying = adaptive_numbers(kind, hyper), plain = decaying;
  plain.decay = 0;
  plain.shrink = 1;
  Segments{segments, count}.for_each(work, [&](int64_t b, int64_t e, bool decays) {
    k.step(theta + b, gradient + b, moment ? moment + b : nullptr, square + b, e - b, averaged,
           decays ? &decaying : &plain);
  });
  hyper[7]++;
}

}  // namespace cpu

void adaptive(const Tensor& theta, const Tensor& gradient, const Tensor& moment, const Tensor& square,
              const Tensor& hyper, const Tensor& segments, AdaptiveKind kind) {
  check_theta(op, theta);
  check_buffer(op, "gradient", gradient, theta);
  check(square.defined(), op, "square is missing");
  check_memory(op, "square", square, theta);
  check_memory(op, "moment", moment, theta);
  const bool adam = kind == AdaptiveKind::adam || kind == AdaptiveKind::adamw;
  check(moment.defined() || !adam, op, "adam and adamw need moment");
  check(!moment.defined() || kind != AdaptiveKind::adagrad, op, "adagrad has no moment");
  if (hyper.dtype() != DType::float64 || hyper.shape() != Shape{8} || !hyper.contiguous() ||
      hyper.read_only())
    fail_type(op,
              "hyper is float64 (8), to be written: learning rate, momentum, weight decay, gradient's scale "
              "and limit, square's momentum, epsilon, steps; got hyper=",
              Described{hyper});
  check_same_device(op, "theta", theta, "hyper", hyper);
  check_segments(op, segments, "theta", theta);
  visit_real(theta.dtype(), [&]<class T>() {
    const int64_t count = segments.shape()[0];
    if (theta.device() == Device::cuda) {
      const Tensor numbers = empty({sizeof(AdaptiveNumbers) / sizeof(double)}, DType::float64, Device::cuda);
      run(on_cuda(&AdaptiveCuda<T>::step), theta, gradient, moment, square, theta.count(), hyper, numbers,
          segments, count, kind, gradient.nonfinite());
    } else
      run(cpu::adaptive<T>, theta, gradient, moment, square, hyper, segments, count, kind,
          adaptive_work(theta));
  });
}

}  // namespace strate
