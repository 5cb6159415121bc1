#include "ops/local_response_norm.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/grid.h"
#include "ops/operands.h"
#include "ops/scratch.h"

namespace strate {
namespace {

constexpr const char* op = "local_response_norm";

struct ResponseSizes {
  int64_t rows, channels;
  int workers;

  int64_t grain() const { return std::max<int64_t>(1, elementwise_grain / channels); }
};

ResponseSizes sizes_of(const Tensor& x) {
  check_real(op, "x", x);
  check(x.rank() >= 1 && x.shape()[-1] > 0, op, "x has an axis of channels; got x=", x.shape());
  return {x.count() / x.shape()[-1], x.shape()[-1], num_threads()};
}

}  // namespace

LocalResponseNorm::LocalResponseNorm(int64_t size_, double k_, double alpha_, double beta_)
    : size(size_), k(k_), alpha(alpha_), beta(beta_) {
  check(size >= 1 && size % 2 == 1 && size < int64_t(1) << 31, op, "size is odd, 1 or more; got size=", size);
  check(std::isfinite(k) && k > 0, op, "k is above 0; got k=", k);
  check(std::isfinite(alpha) && alpha >= 0, op, "alpha is 0 or more; got alpha=", alpha);
  check(std::isfinite(beta), op, "beta is finite; got beta=", beta);
}

double local_response_norm_work(const Tensor& t, const LocalResponseNorm& norm) {
  return streaming_time(2 * t.bytes()) + double(t.bytes()) * (0.5 + 0.02 * double(norm.size));
}

namespace {

template <class T> ResponseSettings<T> settings_of(const LocalResponseNorm& norm, int64_t channels) {
  return {std::min(norm.size / 2, channels), T(norm.k), T(norm.alpha), T(norm.beta)};
}

}  // namespace

namespace cpu {

template <class T> int64_t scratch_size(const LocalResponseNorm& norm, int64_t channels) {
  return rounded(2 * settings_of<T>(norm, channels).padded(channels));
}

template <class T>
void local_response_norm_forward(T* y, const T* x, T* scratch, ResponseSizes s, LocalResponseNorm norm,
                                 double work) {
  const int64_t grain = s.grain(), room = scratch_size<T>(norm, s.channels);
  parallel_for(parts_up(s.rows, grain), work, s.workers, [&](int64_t task, int worker) {
    const int64_t from = task * grain * s.channels, rows = std::min(grain, s.rows - task * grain);
    kernels<T>().local_response_norm.forward(y + from, x + from, scratch_of(scratch, room, worker), rows,
                                             s.channels, settings_of<T>(norm, s.channels));
  });
}

template <class T>
void local_response_norm_backward(T* dx, const T* dy, const T* x, T* scratch, ResponseSizes s,
                                  LocalResponseNorm norm, double work) {
  const int64_t grain = s.grain(), room = scratch_size<T>(norm, s.channels);
  parallel_for(parts_up(s.rows, grain), work, s.workers, [&](int64_t task, int worker) {
    const int64_t from = task * grain * s.channels, rows = std::min(grain, s.rows - task * grain);
    kernels<T>().local_response_norm.backward(dx + from, dy + from, x + from,
                                              scratch_of(scratch, room, worker), rows, s.channels,
                                              settings_of<T>(norm, s.channels));
  });
}

}  // namespace cpu

namespace {

template <class T>
void forward_on_cuda(const Tensor& y, const Tensor& x, const ResponseSizes& s,
                     const LocalResponseNorm& norm) {
  run(on_cuda(&LocalResponseNormCuda<T>::forward), y, x, s.rows, s.channels,
      settings_of<T>(norm, s.channels));
}

template <class T>
void backward_on_cuda(const Tensor& dx, const Tensor& dy, const Tensor& x, const ResponseSizes& s,
                      const LocalResponseNorm& norm) {
  Tensor scratch;
  if (s.channels > response_channels<T>)
    scratch = empty({2 * response_blocks * s.channels}, x.dtype(), x.device());
  run(on_cuda(&LocalResponseNormCuda<T>::backward), dx, dy, x, scratch, s.rows, s.channels,
      settings_of<T>(norm, s.channels));
}

}  // namespace

Tensor local_response_norm_forward(const Tensor& x_, const LocalResponseNorm& norm) {
  const ResponseSizes s = sizes_of(x_);
  const Tensor x = contiguous(x_);
  Tensor y = empty(x.shape(), x.dtype(), x.device());
  visit_real(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda) return forward_on_cuda<T>(y, x, s, norm);
    const Tensor scratch =
        empty({cpu::scratch_space<T>(cpu::scratch_size<T>(norm, s.channels), s.workers)}, x.dtype());
    run(cpu::local_response_norm_forward<T>, y, x, scratch, s, norm, local_response_norm_work(x, norm));
  });
  return y;
}

Tensor local_response_norm_backward(const Tensor& dy_, const Tensor& x_, const LocalResponseNorm& norm) {
  const ResponseSizes s = sizes_of(x_);
  check_same_type(op, "x", x_, "dy", dy_);
  check_same_shape(op, "x", x_, "dy", dy_);
  const Tensor x = contiguous(x_), dy = contiguous(dy_);
  Tensor dx = empty(x.shape(), x.dtype(), x.device());
  visit_real(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda) return backward_on_cuda<T>(dx, dy, x, s, norm);
    const Tensor scratch =
        empty({cpu::scratch_space<T>(cpu::scratch_size<T>(norm, s.channels), s.workers)}, x.dtype());
    run(cpu::local_response_norm_backward<T>, dx, dy, x, scratch, s, norm,
        2 * local_response_norm_work(x, norm));
  });
  return dx;
}

}  // namespace strate
