#include "ops/cross_entropy.h"

#include "cuda/ops/loss.h"
#include "cuda/ops/row_team.h"
#include "kernels/labels.h"

namespace strate::cuda {
namespace {

__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
__device__ __forceinline__ float logarithm(float x) { return logf(x); }
__device__ __forceinline__ double logarithm(double x) { return log(x); }

template <class T> __device__ bool is_class(const CrossEntropyRows<T>& rows, int64_t label) {
  return 0 <= label && label < rows.classes;
}

// The target of one row, class by class.
template <class T> struct Target {
  const T *class_weight, *probabilities;
  int64_t label;
  T keep, add;

  __device__ Target(const CrossEntropyRows<T>& rows, int64_t r, int64_t label_)
      : class_weight(rows.class_weight),
        probabilities(rows.labels ? nullptr : rows.probabilities + r * rows.classes),
        label(label_),
        keep(T(1) - rows.smoothing),
        add(rows.smoothing / T(rows.classes)) {}

  __device__ T operator()(int64_t c) const {
    const T a = probabilities ? probabilities[c] * keep + add : c == label ? keep + add : add;
    return class_weight ? a * class_weight[c] : a;
  }
};

// With m the largest logit, e = exp(y - m) and s = sum(e): log yhat = y - m - log(s), and dJ/dy = sum(a) e /
// s - a. A class whose target is 0 costs nothing, even where its logit is -infinity; a NaN or an infinity
// among the logits is in s, and shows in the loss whatever the targets. Returns the thread's part of the
// loss.
template <int W, class T>
__device__ double logits_row(T* dy, const T* y, int64_t n, T scale, T background, const Target<T>& target) {
  T top = background;  // -infinity where there is none
  for (int64_t c = Team<W>::rank(); c < n; c += W) top = y[c] > top ? y[c] : top;
  top = Team<W>::reduce(top, Max{});
  double sum = 0, total = 0;
  for (int64_t c = Team<W>::rank(); c < n; c += W) {
    sum += double(exponential(y[c] - top));
    total += double(target(c));
  }
  sum = Team<W>::reduce(sum, Sum{});
  total = Team<W>::reduce(total, Sum{});
  if (background > -T(INFINITY)) sum += double(exponential(background - top));
  const T log_sum = T(log(sum)), gain = T(double(scale) * total / sum);
  double loss = 0;
  for (int64_t c = Team<W>::rank(); c < n; c += W) {
    const T v = y[c] - top, a = target(c);
    if (a != T(0)) loss += double(a * (log_sum - v));
    dy[c] = exponential(v) * gain - scale * a;
  }
  return sum != sum ? sum : loss;
}

// J = -sum(a log y), dJ/dy = -a / y; 0 where a is 0.
template <int W, class T>
__device__ double probabilities_row(T* dy, const T* y, int64_t n, T scale, const Target<T>& target) {
  double loss = 0;
  for (int64_t c = Team<W>::rank(); c < n; c += W) {
    const T v = y[c], a = target(c);
    const bool none = a == T(0) && v == v;
    if (!none) loss -= double(a * logarithm(v));
    dy[c] = none ? T(0) : -scale * a / v;
  }
  return loss;
}

__device__ double share_of(double weight) { return weight == 0 ? 0 : 1 / weight; }

// `weights`, where there is one, is what the mean divides by; else `share` is known.
template <int W, bool logits, class T>
__global__ void rows_kernel(double* sums, CrossEntropyRows<T> rows, int64_t count, const double* weights,
                            double share) {
  const T scale = T(weights ? share_of(*weights) : share);
  double loss = 0;
  for_rows<W>(count, [&](int64_t r) {
    const bool labelled = rows.labels && r < count;
    const int64_t label = labelled ? label_at(rows.labels, rows.label_bytes, r) : 0;
    const bool ignored = labelled && label == rows.ignored;
    const int64_t n = r < count && !ignored ? rows.classes : 0;
    T* dy = rows.dy + r * rows.classes;
    const T* y = rows.y + r * rows.classes;
    const Target<T> target(rows, r, label);
    if constexpr (logits) loss += logits_row<W>(dy, y, n, scale, rows.background, target);
    else loss += probabilities_row<W>(dy, y, n, scale, target);
    if (labelled && !ignored && !is_class(rows, label)) loss = NAN;
    if (ignored)
      for (int64_t c = Team<W>::rank(); c < rows.classes; c += W) dy[c] = T(0);
  });
  leave_sum(sums, loss);
}

template <class T>
__global__ void label_weights_kernel(double* sums, CrossEntropyRows<T> rows, int64_t count) {
  double sum = 0;
  for_each(count, [&](int64_t r) {
    const int64_t label = label_at(rows.labels, rows.label_bytes, r);
    if (label == rows.ignored || !is_class(rows, label)) return;
    sum += rows.class_weight ? double(rows.class_weight[label]) : 1;
  });
  leave_sum(sums, sum);
}

template <class T>
__global__ void probability_weights_kernel(double* sums, CrossEntropyRows<T> rows, int64_t count) {
  double sum = 0;
  for_rows<warp_size>(count, [&](int64_t r) {
    if (r >= count) return;
    const T* row = rows.probabilities + r * rows.classes;
    for (int64_t c = Team<warp_size>::rank(); c < rows.classes; c += warp_size)
      sum += double(rows.class_weight[c]) * double(row[c]);
  });
  leave_sum(sums, sum);
}

__global__ void mean_kernel(double* loss, Flag* nonfinite, const double* sums, int64_t n,
                            const double* weights) {
  const double sum = sum_of(sums, n), value = *weights == 0 ? 0 : sum * share_of(*weights);
  if (threadIdx.x > 0) return;
  *loss = value;
  if (!is_finite(value)) raise(nonfinite);
}

// What the mean divides by, where it has to be summed.
template <class T> void weigh(double* weights, double* sums, const CrossEntropyRows<T>& rows, int64_t count) {
  const Grid grid = rows.labels ? sum_grid(count) : grid_of_rows<warp_size>(count, cuda_sum_blocks);
  if (rows.labels) launch("cross_entropy_weights", label_weights_kernel<T>, grid, sums, rows, count);
  else launch("cross_entropy_weights", probability_weights_kernel<T>, grid, sums, rows, count);
  write_sum(weights, sums, int64_t(grid.blocks.x));
}

template <class T>
void cross_entropy(double* loss, Flag* nonfinite, double* sums, CrossEntropyRows<T> rows, int64_t count,
                   bool from_logits, Reduction reduction) {
  const bool mean = reduction == Reduction::mean;
  const bool weighted = mean && (rows.class_weight || (rows.labels && rows.ignored != nothing_ignored));
  double* const weights = weighted ? sums + cuda_sum_blocks : nullptr;
  const double share = !mean ? 1 : count == 0 ? 0 : 1 / double(count);
  if (weighted) weigh(weights, sums, rows, count);
  with_team(rows.classes, [&]<int W>() {
    const Grid grid = grid_of_rows<W>(count, cuda_sum_blocks);
    const auto kernel = from_logits ? rows_kernel<W, true, T> : rows_kernel<W, false, T>;
    launch("cross_entropy", kernel, grid, sums, rows, count, weights, share);
    if (weighted)
      launch("cross_entropy_mean", mean_kernel, blocks_of(1), loss, nonfinite, sums, int64_t(grid.blocks.x),
             weights);
    else write_loss(loss, nonfinite, sums, int64_t(grid.blocks.x), share);
  });
}

}  // namespace

void fill(CrossEntropyCuda<float>& part) { part = {cross_entropy<float>}; }
void fill(CrossEntropyCuda<double>& part) { part = {cross_entropy<double>}; }

}  // namespace strate::cuda
