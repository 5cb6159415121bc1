#include "ops/layer_norm.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/grid.h"
#include "ops/per_channel.h"

namespace strate {
namespace {

constexpr const char* op = "layer_norm";

struct RowSizes {
  int64_t rows, length;

  int64_t grain() const { return std::max<int64_t>(1, elementwise_grain / length); }
  int64_t chunks() const {
    return std::clamp<int64_t>(rows * length / elementwise_grain, 1,
                               std::min<int64_t>(16, std::max<int64_t>(1, rows)));
  }
};

RowSizes sizes_of(const Tensor& x) {
  check_real(op, "x", x);
  check(x.rank() >= 1 && x.shape()[-1] > 0, op, "x has a last axis to normalise over; got x=", x.shape());
  return {x.count() / x.shape()[-1], x.shape()[-1]};
}

}  // namespace

double layer_norm_work(const Tensor& x) { return streaming_time(3 * x.bytes()); }

namespace cpu {

template <class T>
void layer_norm_forward(T* y, double* statistics, const T* x, const T* gamma, const T* beta, RowSizes s,
                        double epsilon, double work) {
  parallel_ranges(s.rows, s.grain(), work, [&](int64_t b, int64_t e) {
    kernels<T>().layer_norm.forward(y + b * s.length, statistics + 2 * b, x + b * s.length, gamma, beta,
                                    e - b, s.length, epsilon);
  });
}

template <class T>
void layer_norm_input(T* dx, const T* dy, const T* x, const double* statistics, const T* gamma, RowSizes s,
                      double work) {
  parallel_ranges(s.rows, s.grain(), work, [&](int64_t b, int64_t e) {
    const int64_t from = b * s.length;
    kernels<T>().layer_norm.backward(dx + from, dy + from, x + from, statistics + 2 * b, gamma, e - b,
                                     s.length);
  });
}

template <class T> void write_sum(T* to, Flag* nonfinite, double* parts, int64_t step, RowSizes s) {
  if (!to) return;
  for (int64_t i = 0; i < s.length; i++) {
    double sum = 0;
    for (int64_t part = 0; part < s.chunks(); part++) sum += parts[part * step + i];
    to[i] = T(sum);
  }
  if (!kernels<T>().finite.all(to, s.length)) nonfinite->store(true, std::memory_order_relaxed);
}

// Both sums over the rows, in chunks whose results are added in their order.
template <class T>
void layer_norm_parameters(T* dgamma, T* dbeta, Flag* dgamma_flag, Flag* dbeta_flag, const T* dy, const T* x,
                           const double* statistics, double* parts, RowSizes s, double work) {
  const int64_t step = 2 * rounded(s.length), chunks = s.chunks();
  std::fill_n(parts, chunks * step, 0.0);
  parallel_for(chunks, work, [&](int64_t task, int) {
    const Span rows = cut(s.rows, 1, chunks, task);
    double* to = parts + task * step;
    kernels<T>().layer_norm.sums(to, to + step / 2, dy + rows.begin * s.length, x + rows.begin * s.length,
                                 statistics + 2 * rows.begin, rows.size(), s.length);
  });
  write_sum(dbeta, dbeta_flag, parts, step, s);
  write_sum(dgamma, dgamma_flag, parts + step / 2, step, s);
}

}  // namespace cpu

namespace {

template <class T>
void parameters_on_cuda(const Tensor& dgamma, const Tensor& dbeta, const Tensor& dy, const Tensor& x,
                        const Tensor& statistics, const RowSizes& s) {
  const Tensor workspace =
      empty({cuda_part<LayerNormCuda<T>>().workspace(s.rows, s.length)}, DType::float64, x.device());
  run(on_cuda(&LayerNormCuda<T>::parameters), dgamma, dbeta, flag_of(dgamma), flag_of(dbeta), dy, x,
      statistics, workspace, s.rows, s.length);
}

}  // namespace

std::pair<Tensor, Tensor> layer_norm_forward(const Tensor& x_, const Tensor& gamma_, const Tensor& beta_,
                                             double epsilon) {
  const RowSizes s = sizes_of(x_);
  check_epsilon(op, epsilon);
  const Tensor gamma = per_channel(op, "gamma", gamma_, x_, s.length, true);
  const Tensor beta = per_channel(op, "beta", beta_, x_, s.length, true);
  const Tensor x = contiguous_aligned(x_);
  Tensor y = empty(x.shape(), x.dtype(), x.device());
  Tensor statistics = empty({s.rows, 2}, DType::float64, x.device());
  visit_real(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda)
      run(on_cuda(&LayerNormCuda<T>::forward), y, statistics, x, gamma, beta, s.rows, s.length, epsilon);
    else run(cpu::layer_norm_forward<T>, y, statistics, x, gamma, beta, s, epsilon, layer_norm_work(x));
  });
  return {std::move(y), std::move(statistics)};
}

Tensor layer_norm_backward(const Tensor& dy_, const Tensor& x_, const Tensor& statistics_,
                           const Tensor& gamma_, const Tensor& dgamma, const Tensor& dbeta, bool need_dx) {
  const RowSizes s = sizes_of(x_);
  check_same_type(op, "x", x_, "dy", dy_);
  check_same_shape(op, "x", x_, "dy", dy_);
  if (statistics_.dtype() != DType::float64 || statistics_.shape() != Shape{s.rows, 2})
    fail_type(op, "statistics are what forward returned, float64 ", Shape{s.rows, 2},
              "; got statistics=", Described{statistics_});
  check_same_device(op, "x", x_, "statistics", statistics_);
  const Tensor gamma = per_channel(op, "gamma", gamma_, x_, s.length, true);
  check_written_channels(op, "dgamma", dgamma, x_, s.length);
  check_written_channels(op, "dbeta", dbeta, x_, s.length);
  const Tensor x = contiguous_aligned(x_), dy = contiguous_aligned(dy_), statistics = contiguous(statistics_);
  const Tensor dx = need_dx ? empty(x.shape(), x.dtype(), x.device()) : Tensor();
  const bool need_sums = dgamma.defined() || dbeta.defined();
  visit_real(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda) {
      if (need_dx) run(on_cuda(&LayerNormCuda<T>::input), dx, dy, x, statistics, gamma, s.rows, s.length);
      if (need_sums) parameters_on_cuda<T>(dgamma, dbeta, dy, x, statistics, s);
      return;
    }
    if (need_dx) run(cpu::layer_norm_input<T>, dx, dy, x, statistics, gamma, s, layer_norm_work(x));
    if (!need_sums) return;
    const Tensor workspace = empty({s.chunks() * 2 * cpu::rounded(s.length)}, DType::float64, x.device());
    run(cpu::layer_norm_parameters<T>, dgamma, dbeta, flag_of(dgamma), flag_of(dbeta), dy, x, statistics,
        workspace, s, layer_norm_work(x));
  });
  return dx;
}

}  // namespace strate
