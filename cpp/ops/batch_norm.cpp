#include "ops/batch_norm.h"

#include <cmath>

#include "ops/batch_norm_parts.h"
#include "ops/combine.h"
#include "ops/cuda.h"
#include "ops/per_channel.h"

namespace strate {
namespace {

constexpr const char* op = "batch_norm";

cpu::RowSplit split_of(const Tensor& x) {
  check_stored(op, "x", x);
  check(x.rank() >= 1, op, "x has an axis of channels; got x=", x.shape());
  const int64_t channels = x.shape()[-1];
  return {channels > 0 ? x.count() / channels : 0, channels};
}

}  // namespace

BatchNorm::BatchNorm(double momentum_, double epsilon_, bool training_)
    : momentum(momentum_), epsilon(epsilon_), training(training_) {
  check(momentum >= 0 && momentum <= 1, op, "0 <= momentum <= 1; got momentum=", momentum);
  check_epsilon(op, epsilon);
}

double batch_norm_work(const Tensor& x) { return streaming_time(3 * x.bytes()); }

namespace cpu {

// Mean of each channel, and its variance: the parts' means and squares, weighed by their rows.
template <class T>
void batch_statistics(double* mean, double* variance, const T* x, double* sums, const RowSplit& s,
                      double work) {
  const int64_t stride = NormRoom(s).stride;
  for_parts(s, work, [&](int64_t part, Span rows, Span columns) {
    double* to = sums + 2 * part * stride + columns.begin;
    kernels<T>().batch_norm.moments(to, to + stride, x + rows.begin * s.width + columns.begin, s.width,
                                    rows.size(), columns.size());
  });
  std::copy_n(sums, s.channels, mean);  // differences from the first part's mean are small
  std::fill_n(variance, s.channels, 0.0);
  s.for_slots([&](int64_t part, int64_t slot, int64_t n) {
    const double *means = sums + 2 * part * stride + slot, share = double(n) / double(s.rows);
    for (int64_t c = 0; c < s.channels; c++) mean[c] += (means[c] - sums[c]) * share;
  });
  s.for_slots([&](int64_t part, int64_t slot, int64_t n) {
    const double *means = sums + 2 * part * stride + slot, *squares = means + stride;
    for (int64_t c = 0; c < s.channels; c++) {
      const double distance = means[c] - mean[c];
      variance[c] += (squares[c] + distance * distance * double(n)) / double(s.rows);
    }
  });
}

template <class T>
void move_running(T* mean, T* variance, const double* statistics, const RowSplit& s, double momentum) {
  const double unbiased = double(s.rows) / double(s.rows - 1);
  for (int64_t c = 0; mean && c < s.channels; c++)
    mean[c] = T(momentum * double(mean[c]) + (1 - momentum) * statistics[c]);
  for (int64_t c = 0; variance && c < s.channels; c++)
    variance[c] = T(momentum * double(variance[c]) + (1 - momentum) * unbiased * statistics[s.channels + c]);
}

template <class T>
void batch_norm_forward(T* y, double* statistics, T* mean, T* variance, const T* x, const T* gamma,
                        const T* beta, const T* added, double* workspace, RowSplit s, BatchNorm norm,
                        ActivationKind kind, double slope, double work) {
  if (s.rows > 0 && norm.training) {
    batch_statistics(statistics, statistics + s.channels, x, workspace, s, work / 3);
    move_running(mean, variance, statistics, s, norm.momentum);
  } else {
    for (int64_t c = 0; c < s.channels; c++) {
      statistics[c] = mean ? double(mean[c]) : 0;
      statistics[s.channels + c] = variance ? double(variance[c]) : 1;
    }
  }
  for (int64_t c = s.channels; c < 2 * s.channels; c++)
    statistics[c] = 1 / std::sqrt(statistics[c] + norm.epsilon);
  const NormTerms<T> terms = terms_at<T>(workspace, s);
  set_terms(terms, statistics, gamma, beta, s);
  const auto& k = kernels<T>();
  const bool pass = added || takes_exponential(kind);
  for_rows(s, work * 2 / 3, [&](int64_t begin, int64_t all, int64_t columns) {
    if (!pass) return k.batch_norm.forward(y + begin, x + begin, terms, all, columns, kind, T(slope));
    for_near_rows(begin, all, columns, [&](int64_t from, int64_t n, int64_t rows) {
      T* to = y + from;
      k.batch_norm.forward(to, x + from, terms, rows, columns, ActivationKind::identity, T(0));
      if (added) add_near(to, added + from, n, kind, T(slope));
      else k.activation.forward(to, to, n, kind, T(slope));
    });
  });
}

template <class T>
void batch_norm_backward(T* dx, T* dgamma, T* dbeta, Flag* dgamma_flag, Flag* dbeta_flag, const T* dy,
                         const T* x, const double* statistics, const T* gamma, const T* beta, T* dz,
                         double* workspace, RowSplit s, bool training, ActivationKind kind, double slope,
                         double work) {
  BatchNormBackward<T>{dx,   dgamma, dbeta,     dgamma_flag, dbeta_flag, dy,   x,        statistics, gamma,
                       beta, dz,     workspace, s,           training,   kind, T(slope), work}
      .all();
}

}  // namespace cpu

namespace {

template <class T> Tensor workspace_of(const cpu::RowSplit& s, Device device) {
  const int64_t doubles = device == Device::cpu ? cpu::NormRoom(s).doubles()
                                                : cuda_part<BatchNormCuda<T>>().workspace(s.rows, s.channels);
  return empty({doubles}, DType::float64, device);
}

}  // namespace

std::pair<Tensor, Tensor> batch_norm_forward(const Tensor& x_, const Tensor& gamma_, const Tensor& beta_,
                                             const Tensor& mean, const Tensor& variance,
                                             const BatchNorm& norm, const Activation& activation,
                                             const Tensor& added_) {
  const cpu::RowSplit s = split_of(x_);
  const int64_t channels = s.channels;
  check(!norm.training || s.rows != 1, op,
        "training needs more than one value per channel; got x=", x_.shape());
  check(activation.kind != ActivationKind::softmax, op, "an activation that is fused is elementwise");
  check_added(op, added_, x_, x_.shape(), activation);
  const Tensor gamma = per_channel(op, "gamma", gamma_, x_, channels, true);
  const Tensor beta = per_channel(op, "beta", beta_, x_, channels, true);
  const Tensor given_mean = per_channel(op, "mean", mean, x_, channels, norm.training);
  const Tensor given_variance = per_channel(op, "variance", variance, x_, channels, norm.training);
  if (norm.training) {
    check_written_channels(op, "mean", mean, x_, channels);
    check_written_channels(op, "variance", variance, x_, channels);
  }
  if (added_.defined() && x_.device() == Device::cuda) {
    auto [z, statistics] =
        batch_norm_forward(x_, gamma_, beta_, mean, variance, norm, Activation{}, Tensor());
    return {with_added(z, added_, activation), std::move(statistics)};
  }
  const Tensor x = contiguous_aligned(x_), added = contiguous_or_none(added_);
  Tensor y = empty(x.shape(), x.dtype(), x.device());
  Tensor statistics = empty({2, channels}, DType::float64, x.device());
  visit_stored(x.dtype(), [&]<class T>() {
    const Tensor workspace = workspace_of<T>(s, x.device());
    if (x.device() == Device::cuda)
      return run(on_cuda(&BatchNormCuda<T>::forward), y, statistics, given_mean, given_variance, x, gamma,
                 beta, workspace, s.rows, channels, norm, activation.kind, activation.slope);
    if constexpr (on_cpu<T>)
      run(cpu::batch_norm_forward<T>, y, statistics, given_mean, given_variance, x, gamma, beta, added,
          workspace, s, norm, activation.kind, activation.slope, batch_norm_work(x));
  });
  return {std::move(y), std::move(statistics)};
}

Tensor batch_norm_backward(const Tensor& dy_, const Tensor& x_, const Tensor& statistics,
                           const Tensor& gamma_, const Tensor& beta_, bool training,
                           const Activation& activation, const Tensor& dgamma, const Tensor& dbeta,
                           bool need_dx) {
  const cpu::RowSplit s = split_of(x_);
  const int64_t channels = s.channels;
  check_same_type(op, "x", x_, "dy", dy_);
  check_same_shape(op, "x", x_, "dy", dy_);
  if (statistics.dtype() != DType::float64 || statistics.shape() != Shape{2, channels})
    fail_type(op, "statistics are what forward returned, float64 ", Shape{2, channels},
              "; got statistics=", Described{statistics});
  check_same_device(op, "x", x_, "statistics", statistics);
  const Tensor gamma = per_channel(op, "gamma", gamma_, x_, channels, true);
  const Tensor beta = per_channel(op, "beta", beta_, x_, channels, true);
  check_written_channels(op, "dgamma", dgamma, x_, channels);
  check_written_channels(op, "dbeta", dbeta, x_, channels);
  const Tensor x = contiguous_aligned(x_), dy = contiguous_aligned(dy_), saved = contiguous(statistics);
  const Tensor dx = need_dx ? empty(x.shape(), x.dtype(), x.device()) : Tensor();
  visit_stored(x.dtype(), [&]<class T>() {
    const Tensor workspace = workspace_of<T>(s, x.device());
    if (x.device() == Device::cuda)
      return run(on_cuda(&BatchNormCuda<T>::backward), dx, dgamma, dbeta, flag_of(dgamma), flag_of(dbeta), dy,
                 x, saved, gamma, beta, workspace, s.rows, channels, training, activation.kind,
                 activation.slope);
    const Tensor dz = takes_exponential(activation.kind) ? empty(x.shape(), x.dtype()) : Tensor();
    if constexpr (on_cpu<T>)
      run(cpu::batch_norm_backward<T>, dx, dgamma, dbeta, flag_of(dgamma), flag_of(dbeta), dy, x, saved,
          gamma, beta, dz, workspace, s, training, activation.kind, activation.slope, 2 * batch_norm_work(x));
  });
  return dx;
}

}  // namespace strate
