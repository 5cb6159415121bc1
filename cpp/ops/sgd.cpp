#include "ops/sgd.h"

#include <algorithm>
#include <limits>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "sgd";

void check_buffer(const char* name, const Tensor& t, const Tensor& theta) {
  check_same_type(op, "theta", theta, name, t);
  check_same_shape(op, "theta", theta, name, t);
  check(t.contiguous(), op, name, " is one contiguous buffer");
}

void check_segments(const Tensor& segments, int64_t n) {
  if (segments.dtype() != DType::int64 || segments.rank() != 2 || segments.shape()[1] != 3 ||
      !segments.contiguous())
    fail_type(op, "segments are int64 (S, 3): begin, end, decays; got segments=", Described{segments});
  const int64_t* s = segments.data<int64_t>();
  for (int64_t i = 0; i < segments.shape()[0]; i++, s += 3)
    check(0 <= s[0] && s[0] <= s[1] && s[1] <= n && (s[2] == 0 || s[2] == 1), op, "0 <= begin <= end <= ", n,
          " and decays is 0 or 1; got (", s[0], ", ", s[1], ", ", s[2], ") in segment ", i);
}

}  // namespace

double sgd_work(const Tensor& theta) { return streaming_time(5 * theta.bytes()); }

namespace cpu {

// Split over theta, whatever the segments: a task works on the parts of them that lie in its range.
template <class T>
void sgd(T* theta, const T* gradient, T* velocity, const double* hyper, const int64_t* segments,
         int64_t count, bool nesterov, double work) {
  const auto& k = kernels<T>().sgd;
  int64_t begin = std::numeric_limits<int64_t>::max(), end = 0;
  for (int64_t i = 0; i < count; i++) {
    begin = std::min(begin, segments[3 * i]);
    end = std::max(end, segments[3 * i + 1]);
  }
  if (begin >= end) return;
  parallel_ranges(end - begin, elementwise_grain, work, [&](int64_t from, int64_t to) {
    for (int64_t i = 0; i < count; i++) {
      const int64_t b = std::max(segments[3 * i], begin + from),
                    e = std::min(segments[3 * i + 1], begin + to);
      if (b < e)
        k.step(theta + b, gradient + b, velocity ? velocity + b : nullptr, e - b, hyper,
               segments[3 * i + 2] != 0, nesterov);
    }
  });
}

}  // namespace cpu

void sgd(const Tensor& theta, const Tensor& gradient, const Tensor& velocity, const Tensor& hyper,
         const Tensor& segments, bool nesterov) {
  check_real(op, "theta", theta);
  check(theta.rank() == 1 && theta.contiguous() && !theta.read_only(), op,
        "theta is one contiguous buffer that may be written; got theta=", theta.shape());
  check_buffer("gradient", gradient, theta);
  if (velocity.defined()) {
    check_buffer("velocity", velocity, theta);
    check(!velocity.read_only(), op, "velocity is read-only");
  }
  check(velocity.defined() || !nesterov, op, "nesterov needs velocity");
  if (hyper.dtype() != DType::float64 || hyper.shape() != Shape{3} || !hyper.contiguous())
    fail_type(op,
              "hyper is float64 (3): learning rate, momentum, weight decay; got hyper=", Described{hyper});
  check_segments(segments, theta.count());
  visit_real(theta.dtype(), [&]<class T>() {
    run(cpu::sgd<T>, theta, gradient, velocity, hyper, segments, segments.shape()[0], nesterov,
        sgd_work(theta));
  });
}

}  // namespace strate
