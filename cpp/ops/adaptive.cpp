#include "ops/adaptive.h"

#include <cmath>

#include "core/dispatch.h"
#include "kernels/dispatch.h"
#include "ops/segments.h"

namespace strate {
namespace {

constexpr const char* op = "adaptive";

// b^t by squaring: libm picks its pow by processor.
double power(double b, double t) {
  double result = 1;
  for (uint64_t n = uint64_t(t); n > 0; n /= 2, b *= b)
    if (n % 2) result *= b;
  return result;
}

// The formulas of the header in terms of the kernel's, for the step that follows `hyper`.
AdaptiveNumbers numbers_for(AdaptiveKind kind, const double* hyper) {
  const double rate = hyper[0], b1 = hyper[1], decay = hyper[2], b2 = hyper[5], steps = hyper[7] + 1;
  AdaptiveNumbers n = {.rate = rate,
                       .shrink = 1,
                       .decay = decay,
                       .scale = hyper[3],
                       .limit = hyper[4],
                       .keep = b1,
                       .add = 1 - b1,
                       .keep_square = b2,
                       .add_square = 1 - b2,
                       .root_scale = 1,
                       .epsilon = hyper[6]};
  if (kind == AdaptiveKind::adam || kind == AdaptiveKind::adamw) {
    n.rate = rate / (1 - power(b1, steps));
    n.root_scale = 1 / std::sqrt(1 - power(b2, steps));
  }
  if (kind == AdaptiveKind::adamw) {
    n.shrink = 1 - rate * decay;
    n.decay = 0;
  }
  if (kind == AdaptiveKind::adagrad) n.keep_square = n.add_square = 1;
  return n;
}

Averaged averaged_by(AdaptiveKind kind, bool moving) {
  if (!moving) return Averaged::nothing;
  return kind == AdaptiveKind::rmsprop ? Averaged::step : Averaged::gradient;
}

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
  AdaptiveNumbers decaying = numbers_for(kind, hyper), plain = decaying;
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
  check_segments(op, segments, "theta", theta);
  visit_real(theta.dtype(), [&]<class T>() {
    run(cpu::adaptive<T>, theta, gradient, moment, square, hyper, segments, segments.shape()[0], kind,
        adaptive_work(theta));
  });
}

}  // namespace strate
