#include "ops/batch_norm.h"

#include <cmath>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/combine.h"
#include "ops/cuda.h"
#include "ops/per_channel.h"
#include "ops/row_split.h"

namespace strate {
namespace {

constexpr const char* op = "batch_norm";
constexpr int64_t near = 2048;  // numbers of y that stay in the first-level cache, with those of x and added

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

// A workspace in doubles: partial sums, `parts` rows of two numbers for each column, then six terms of a
// column in T.
struct Room {
  explicit Room(const RowSplit& s) : stride(rounded(s.width)), sums(2 * s.parts() * stride) {}
  int64_t stride, sums;
  int64_t doubles() const { return sums + 6 * stride; }
};

template <class T> NormTerms<T> terms_at(double* workspace, const RowSplit& s) {
  const Room room(s);
  T* t = reinterpret_cast<T*>(workspace + room.sums);
  const int64_t n = room.stride;
  return {t, t + n, t + 2 * n, t + 3 * n, t + 4 * n, t + 5 * n};
}

template <class T> void repeat(const T* term_, const RowSplit& s) {
  T* term = const_cast<T*>(term_);
  for (int64_t c = s.channels; c < s.width; c++) term[c] = term[c - s.channels];
}

template <class T> T& at(const T* term, int64_t c) { return const_cast<T*>(term)[c]; }

// z = (x - center) scale + offset. The mean in double precision is center and a small rest, which goes into
// the offset: x - center is exact where x is near, so a mean far from zero costs no digits.
template <class T>
void set_terms(NormTerms<T> t, const double* statistics, const T* gamma, const T* beta, const RowSplit& s) {
  for (int64_t c = 0; c < s.channels; c++) {
    const double mean = statistics[c], factor = (gamma ? double(gamma[c]) : 1) * statistics[s.channels + c];
    at(t.center, c) = T(mean);
    at(t.scale, c) = T(factor);
    at(t.offset, c) = T((beta ? double(beta[c]) : 0) - (mean - double(T(mean))) * factor);
  }
  repeat(t.center, s), repeat(t.scale, s), repeat(t.offset, s);
}

template <class F> void for_parts(const RowSplit& s, double work, F&& f) {
  parallel_for(s.tasks(), work,
               [&](int64_t task, int) { f(task / s.column_parts, s.chunk(task), s.columns(task)); });
  if (s.tail > 0) f(s.chunks, Span{s.folded, s.folded + 1}, Span{0, s.tail});
}

// f(begin, rows, columns) for ranges of folded rows, and for the tail.
template <class F> void for_rows(const RowSplit& s, double work, F&& f) {
  const int64_t grain = std::max<int64_t>(1, elementwise_grain / std::max<int64_t>(1, s.width));
  parallel_ranges(s.folded, grain, work, [&](int64_t b, int64_t e) { f(b * s.width, e - b, s.width); });
  if (s.tail > 0) f(s.folded * s.width, 1, s.tail);
}

// Mean of each channel, and its variance: the parts' means and squares, weighed by their rows.
template <class T>
void batch_statistics(double* mean, double* variance, const T* x, double* sums, const RowSplit& s,
                      double work) {
  const int64_t stride = Room(s).stride;
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
  for_rows(s, work * 2 / 3, [&](int64_t from, int64_t rows, int64_t columns) {
    const auto& norm_forward = kernels<T>().batch_norm.forward;
    if (!added) return norm_forward(y + from, x + from, terms, rows, columns, kind, T(slope));
    const int64_t step = std::max<int64_t>(1, near / columns);
    for (int64_t row = 0; row < rows; row += step) {
      const int64_t n = std::min(step, rows - row), at = from + row * columns;
      norm_forward(y + at, x + at, terms, n, columns, ActivationKind::identity, T(0));
      add_near(y + at, added + at, n * columns, kind, T(slope));
    }
  });
}

// dbeta and dgamma of channel c in double precision, where the first part's sums were.
template <class T>
void add_parts(double* dbeta, double* dgamma, const double* sums, const double* statistics,
               const RowSplit& s) {
  const int64_t stride = Room(s).stride;
  s.for_slots([&](int64_t part, int64_t slot, int64_t) {
    if (part == 0 && slot == 0) return;
    const double* from = sums + 2 * part * stride + slot;
    for (int64_t c = 0; c < s.channels; c++) dbeta[c] += from[c], dgamma[c] += from[stride + c];
  });
  for (int64_t c = 0; c < s.channels; c++) {
    const double rest = statistics[c] - double(T(statistics[c]));
    dgamma[c] = (dgamma[c] - rest * dbeta[c]) * statistics[s.channels + c];
  }
}

template <class T> void write_gradient(T* to, Flag* nonfinite, const double* from, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) to[c] = T(from[c]);
  if (!kernels<T>().finite.all(to, channels)) nonfinite->store(true, std::memory_order_relaxed);
}

// dx = a (dz - dbeta / n - xhat dgamma / n), a = gamma / sqrt(variance + epsilon).
template <class T>
void set_gradient_terms(NormTerms<T> t, const double* statistics, const T* gamma, const double* dbeta,
                        const double* dgamma, const RowSplit& s, bool training) {
  const double n = double(s.rows);
  for (int64_t c = 0; c < s.channels; c++) {
    const double inverse = statistics[s.channels + c], rest = statistics[c] - double(T(statistics[c]));
    const double a = (gamma ? double(gamma[c]) : 1) * inverse;
    const double slope = training ? -a * inverse * dgamma[c] / n : 0;
    at(t.dz_factor, c) = T(a);
    at(t.x_factor, c) = T(slope);
    at(t.constant, c) = training ? T(-a * dbeta[c] / n - slope * rest) : T(0);
  }
  repeat(t.dz_factor, s), repeat(t.x_factor, s), repeat(t.constant, s);
}

template <class T>
void batch_norm_backward(T* dx, T* dgamma, T* dbeta, Flag* dgamma_flag, Flag* dbeta_flag, const T* dy,
                         const T* x, const double* statistics, const T* gamma, const T* beta,
                         double* workspace, RowSplit s, bool training, ActivationKind kind, double slope,
                         double work) {
  const NormTerms<T> terms = terms_at<T>(workspace, s);
  const int64_t stride = Room(s).stride;
  set_terms(terms, statistics, gamma, beta, s);
  if (dgamma || dbeta || training) {
    for_parts(s, work / 2, [&](int64_t part, Span rows, Span columns) {
      double* to = workspace + 2 * part * stride + columns.begin;
      const int64_t from = rows.begin * s.width + columns.begin, c = columns.begin;
      const NormTerms<T> own{terms.center + c, terms.scale + c, terms.offset + c, nullptr, nullptr, nullptr};
      kernels<T>().batch_norm.sums(to, to + stride, dy + from, x + from, own, s.width, rows.size(),
                                   columns.size(), kind, T(slope));
    });
    add_parts<T>(workspace, workspace + stride, workspace, statistics, s);
    if (dbeta) write_gradient(dbeta, dbeta_flag, workspace, s.channels);
    if (dgamma) write_gradient(dgamma, dgamma_flag, workspace + stride, s.channels);
  }
  if (!dx) return;
  set_gradient_terms(terms, statistics, gamma, workspace, workspace + stride, s, training && s.rows > 0);
  NormTerms<T> used = terms;
  if (!training) used.x_factor = used.constant = nullptr;
  for_rows(s, work / 2, [&](int64_t from, int64_t rows, int64_t columns) {
    kernels<T>().batch_norm.backward(dx + from, dy + from, x + from, used, rows, columns, kind, T(slope));
  });
}

}  // namespace cpu

namespace {

template <class T> Tensor workspace_of(const cpu::RowSplit& s, Device device) {
  const int64_t doubles = device == Device::cpu ? cpu::Room(s).doubles()
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
    if constexpr (on_cpu<T>)
      run(cpu::batch_norm_backward<T>, dx, dgamma, dbeta, flag_of(dgamma), flag_of(dbeta), dy, x, saved,
          gamma, beta, workspace, s, training, activation.kind, activation.slope, 2 * batch_norm_work(x));
  });
  return dx;
}

}  // namespace strate
