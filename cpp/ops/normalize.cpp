#include "ops/normalize.h"

#include <numeric>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "normalize";
constexpr int64_t widest = 16;  // lanes of the widest register

void check_channels(const char* name, const Tensor& t, const char* of, const Tensor& x) {
  check_same_type(op, of, x, name, t);
  check(x.rank() > 0 && t.shape() == Shape{x.shape()[-1]}, op, name, " has one number for each channel; got ",
        name, "=", t.shape(), ", ", of, "=", x.shape());
}

}  // namespace

double normalize_work(const Tensor& t) { return streaming_time(2 * t.bytes()); }

namespace cpu {

template <class T> void repeat(T* out, const T* values, int64_t channels, int64_t n, bool reciprocal) {
  for (int64_t i = 0; i < n; i++) out[i] = reciprocal ? T(1) / values[i % channels] : values[i % channels];
}

template <class T>
void normalize(T* y, const T* x, int64_t n, const T* center, const T* scale, int64_t period, double work) {
  const auto& k = kernels<T>().normalize;
  const int64_t grain = std::max(period, elementwise_grain / period * period);
  parallel_ranges(n, grain, work, [&](int64_t begin, int64_t end) {
    k.apply(y + begin, x + begin, end - begin, center, scale, period);
  });
}

}  // namespace cpu

namespace {

// The CPU repeats the constants until they fill registers.
template <class T>
void apply_on_cpu(Tensor& y, const Tensor& x, const Tensor& mean, const Tensor& deviation) {
  const int64_t channels = x.shape()[-1], period = std::lcm(channels, widest);
  const Tensor scale = empty({period}, x.dtype()),
               center = mean.defined() ? empty({period}, x.dtype()) : Tensor();
  run(cpu::repeat<T>, scale, deviation, channels, period, true);
  if (center.defined()) run(cpu::repeat<T>, center, mean, channels, period, false);
  run(cpu::normalize<T>, y, x, x.count(), center, scale, period, normalize_work(x));
}

Tensor apply(const Tensor& x_, const Tensor& mean_, const Tensor& deviation_) {
  const Tensor x = contiguous(x_), deviation = contiguous(deviation_);
  const Tensor mean = mean_.defined() ? contiguous(mean_) : mean_;
  Tensor y = empty(x.shape(), x.dtype(), x.device());
  if (y.count() == 0) return y;
  visit_real(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cpu) return apply_on_cpu<T>(y, x, mean, deviation);
    run(on_cuda(&NormalizeCuda<T>::apply), y, x, mean, deviation, x.count(), x.shape()[-1]);
  });
  return y;
}

}  // namespace

Tensor normalize_forward(const Tensor& x, const Tensor& mean, const Tensor& deviation) {
  check_real(op, "x", x);
  check_channels("mean", mean, "x", x);
  check_channels("deviation", deviation, "x", x);
  return apply(x, mean, deviation);
}

Tensor normalize_backward(const Tensor& dy, const Tensor& deviation) {
  check_real(op, "dy", dy);
  check_channels("deviation", deviation, "dy", dy);
  return apply(dy, Tensor(), deviation);
}

}  // namespace strate
