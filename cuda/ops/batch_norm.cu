#include "ops/batch_norm.h"

#include "cuda/ops/activation.h"
#include "cuda/ops/columns.h"
#include "cuda/ops/moments.h"

namespace strate::cuda {
namespace {

// What a thread's columns are computed with: z = (x - center) scale + offset. The mean in double precision is
// center and a small rest, which goes into the offset: a mean far from zero costs no digits.
template <class T, int V> struct Terms {
  Pack<T, V> center, scale, offset;

  __device__ __forceinline__ Terms(const double* statistics, const T* gamma, const T* beta, const Columns& c,
                                   const Share& s) {
    for (int j = 0; j < V; j++) {
      const int64_t column = s.idle ? 0 : s.column + j;
      const double mean = statistics[column];
      const double factor = (gamma ? double(gamma[column]) : 1) * statistics[c.columns + column];
      center.at[j] = T(mean);
      scale.at[j] = T(factor);
      offset.at[j] = T((beta ? double(beta[column]) : 0) - (mean - double(T(mean))) * factor);
    }
  }
  __device__ __forceinline__ T z(T difference, int j) const {
    return difference * scale.at[j] + offset.at[j];
  }
};

// dz = dy g'(z). z comes from x once more, which is read in any case: y is neither kept nor read.
template <ActivationKind kind, class T> __device__ __forceinline__ T through(T dy, T z, Curve<T> slope) {
  if constexpr (kind == ActivationKind::identity) return dy;
  else return activate_backward<kind>(dy, activate<kind>(z, slope), slope);
}

// Rows in a turn of a loop, whose loads overlap; formulas that are long make one.
template <ActivationKind kind> constexpr int rows_at_once = kind == other_kind ? 1 : 4;

// ---- forward

template <class T, int V> __global__ void moments_kernel(double* parts, const T* x, Columns c) {
  const Share s = Share::of<V>(c);
  Moments columns[V];
  for (Moments& m : columns) m = {0, 0, 0};
  add_moments<T, V>(columns, x, c, s);
  merge_slices<V>(columns, s, c, MergeMoments{});
  if (s.idle || s.slice > 0) return;
  for (int j = 0; j < V; j++) {
    double* to = parts + s.chunk * 2 * c.columns + s.column + j;
    to[0] = columns[j].mean;
    to[c.columns] = columns[j].squares;
  }
}

__device__ __forceinline__ double inverse_of(double variance, double epsilon) {
  return 1 / sqrt(variance + epsilon);
}

// A warp for each channel. The batch's statistics are saved, and move the running ones.
template <class T>
__global__ void batch_statistics_kernel(double* statistics, T* mean, T* variance, const double* parts,
                                        Columns c, double momentum, double epsilon) {
  for_each_warp(c.columns, [&](int64_t column, int lane) {
    Moments m{0, 0, 0};
    for (int64_t chunk = lane; chunk < c.chunks; chunk += warp_size) {
      const double* from = parts + chunk * 2 * c.columns + column;
      const int64_t left = c.rows - chunk * c.chunk_rows;
      m = MergeMoments{}(m, {double(left < c.chunk_rows ? left : c.chunk_rows), from[0], from[c.columns]});
    }
    m = warp_moments(m);
    if (lane > 0) return;
    const double n = double(c.rows), biased = m.squares / n, unbiased = m.squares / (n - 1);
    statistics[column] = m.mean;
    statistics[c.columns + column] = inverse_of(biased, epsilon);
    if (mean) mean[column] = T(momentum * double(mean[column]) + (1 - momentum) * m.mean);
    if (variance) variance[column] = T(momentum * double(variance[column]) + (1 - momentum) * unbiased);
  });
}

template <class T>
__global__ void given_statistics_kernel(double* statistics, const T* mean, const T* variance,
                                        int64_t channels, double epsilon) {
  for_each(channels, [&](int64_t i) {
    statistics[i] = mean ? double(mean[i]) : 0;
    statistics[channels + i] = inverse_of(variance ? double(variance[i]) : 1, epsilon);
  });
}

template <ActivationKind kind, int V, class T>
__global__ void forward_kernel(T* __restrict__ y, const T* __restrict__ x, const double* statistics,
                               const Wide<T>* gamma, const Wide<T>* beta, Columns c, Curve<Wide<T>> curve) {
  const Share s = Share::of<V>(c);
  const Terms<Wide<T>, V> terms(statistics, gamma, beta, c, s);
#pragma unroll(rows_at_once<kind>)
  for (int64_t row = s.begin; row < s.end; row += s.step) {
    const int64_t at = s.template at<V>(row);
    auto v = load_pack<V>(x + at);
    for (int j = 0; j < V; j++) v.at[j] = activate<kind>(terms.z(v.at[j] - terms.center.at[j], j), curve);
    store_pack(y + at, v);
  }
}

// ---- backward

// Sums of dz and of dz (x - center).
template <ActivationKind kind, int V, class T>
__global__ void sums_kernel(double* parts, const T* dy, const T* x, const double* statistics,
                            const Wide<T>* gamma, const Wide<T>* beta, Columns c, Curve<Wide<T>> curve) {
  using W = Wide<T>;
  const Share s = Share::of<V>(c);
  const Terms<W, V> terms(statistics, gamma, beta, c, s);
  sum_rows<W, V, rows_at_once<kind>>(parts, c, s, [&](int64_t row, Pack<W, V>& sum, Pack<W, V>& product) {
    const int64_t at = s.template at<V>(row);
    const auto d = load_pack<V>(dy + at), v = load_pack<V>(x + at);
    for (int j = 0; j < V; j++) {
      const W difference = v.at[j] - terms.center.at[j];
      const W dz = through<kind>(d.at[j], terms.z(difference, j), curve);
      sum.at[j] += dz;
      product.at[j] += dz * difference;
    }
  });
}

// totals (2, C): dbeta and dgamma in double precision, for dx.
template <class T>
__global__ void parameters_kernel(Gradient<T> dgamma, Gradient<T> dbeta, double* totals, const double* parts,
                                  const double* statistics, Columns c) {
  for_each_warp(c.columns, [&](int64_t column, int lane) {
    const Pair sum = sum_parts(parts, c.chunks, c.columns, column);
    if (lane > 0) return;
    const double mean = statistics[column], rest = mean - double(T(mean));
    const double product = (sum.second - rest * sum.first) * statistics[c.columns + column];
    totals[column] = sum.first;
    totals[c.columns + column] = product;
    dbeta.write(column, sum.first);
    dgamma.write(column, product);
  });
}

// dx = a (dz - dbeta / n - xhat dgamma / n), a = gamma / sqrt(variance + epsilon); without totals, a dz.
template <ActivationKind kind, int V, class T>
__global__ void backward_kernel(T* __restrict__ dx, const T* __restrict__ dy, const T* __restrict__ x,
                                const double* statistics, const Wide<T>* gamma, const Wide<T>* beta,
                                const double* totals, Columns c, Curve<Wide<T>> curve) {
  using W = Wide<T>;
  const Share s = Share::of<V>(c);
  const Terms<W, V> terms(statistics, gamma, beta, c, s);
  Pack<W, V> factor, slope, constant;
  for (int j = 0; j < V; j++) {
    const int64_t column = s.idle ? 0 : s.column + j;
    const double inverse = statistics[c.columns + column], mean = statistics[column];
    const double a = (gamma ? double(gamma[column]) : 1) * inverse, n = double(c.rows);
    const double b = totals ? -a * inverse * totals[c.columns + column] / n : 0;
    factor.at[j] = W(a);
    slope.at[j] = W(b);
    constant.at[j] = totals ? W(-a * totals[column] / n - b * (mean - double(W(mean)))) : W(0);
  }
#pragma unroll(rows_at_once<kind>)
  for (int64_t row = s.begin; row < s.end; row += s.step) {
    const int64_t at = s.template at<V>(row);
    auto d = load_pack<V>(dy + at);
    const auto v = load_pack<V>(x + at);
    for (int j = 0; j < V; j++) {
      const W difference = v.at[j] - terms.center.at[j];
      d.at[j] = through<kind>(d.at[j], terms.z(difference, j), curve) * factor.at[j];
      if (totals) d.at[j] += difference * slope.at[j] + constant.at[j];
    }
    store_pack(dx + at, d);
  }
}

// ---- launches

// Doubles: the parts of the sums, and the totals behind them.
int64_t parts_of(const Columns& c) { return c.chunks * 2 * c.columns; }
template <class T> int64_t workspace(int64_t rows, int64_t channels) {
  return channels > 0 ? parts_of(columns_of_sums<T>(rows, channels)) + 2 * channels : 0;
}

// f.operator()<kind, V>()
template <class T, class F> void with_kernel(ActivationKind kind, int64_t channels, F&& f) {
  with_usual_activation(kind, [&]<ActivationKind k>() {
    with_packs<T>(width_of<T>(channels) > 1, [&]<int V>() { f.template operator()<k, V>(); });
  });
}

template <class T>
void statistics_of(double* statistics, Wide<T>* mean, Wide<T>* variance, const T* x, double* workspace,
                   int64_t rows, int64_t channels, BatchNorm norm) {
  if (!norm.training || rows == 0)
    return launch("batch_norm_given", given_statistics_kernel<Wide<T>>, grid_of(channels), statistics, mean,
                  variance, channels, norm.epsilon);
  const Columns c = columns_of_sums<T>(rows, channels);
  with_packs<T>(width_of<T>(channels) > 1, [&]<int V>() {
    launch("batch_norm_moments", moments_kernel<T, V>, grid_of(c), workspace, x, c);
  });
  launch("batch_norm_statistics", batch_statistics_kernel<Wide<T>>, grid_of_warps(channels), statistics, mean,
         variance, workspace, c, norm.momentum, norm.epsilon);
}

template <class T>
void forward(T* y, double* statistics, Wide<T>* mean, Wide<T>* variance, const T* x, const Wide<T>* gamma,
             const Wide<T>* beta, double* workspace, int64_t rows, int64_t channels, BatchNorm norm,
             ActivationKind kind, double slope) {
  if (channels == 0) return;
  statistics_of(statistics, mean, variance, x, workspace, rows, channels, norm);
  const Columns c = columns_of_maps<T>(rows, channels);
  with_kernel<T>(kind, channels, [&]<ActivationKind k, int V>() {
    launch("batch_norm_forward", forward_kernel<k, V, T>, grid_of(c), y, x, statistics, gamma, beta, c,
           Curve<Wide<T>>{kind, Wide<T>(slope)});
  });
}

template <class T>
void backward(T* dx, Wide<T>* dgamma, Wide<T>* dbeta, Flag* dgamma_flag, Flag* dbeta_flag, const T* dy,
              const T* x, const double* statistics, const Wide<T>* gamma, const Wide<T>* beta,
              double* workspace, int64_t rows, int64_t channels, bool training, ActivationKind kind,
              double slope) {
  if (channels == 0) return;
  const Columns sums = columns_of_sums<T>(rows, channels), map = columns_of_maps<T>(rows, channels);
  double* totals = workspace + parts_of(sums);
  with_kernel<T>(kind, channels, [&]<ActivationKind k, int V>() {
    if (dgamma || dbeta || training) {
      launch("batch_norm_sums", sums_kernel<k, V, T>, grid_of(sums), workspace, dy, x, statistics, gamma,
             beta, sums, Curve<Wide<T>>{kind, Wide<T>(slope)});
      launch("batch_norm_parameters", parameters_kernel<Wide<T>>, grid_of_warps(channels),
             Gradient<Wide<T>>{dgamma, dgamma_flag}, Gradient<Wide<T>>{dbeta, dbeta_flag}, totals, workspace,
             statistics, sums);
    }
    if (dx)
      launch("batch_norm_backward", backward_kernel<k, V, T>, grid_of(map), dx, dy, x, statistics, gamma,
             beta, training ? totals : nullptr, map, Curve<Wide<T>>{kind, Wide<T>(slope)});
  });
}

template <class T> void fill_part(BatchNormCuda<T>& part) { part = {workspace<T>, forward<T>, backward<T>}; }

}  // namespace

void fill(BatchNormCuda<float>& part) { fill_part(part); }
void fill(BatchNormCuda<double>& part) { fill_part(part); }
void fill(BatchNormCuda<bfloat16>& part) { fill_part(part); }

}  // namespace strate::cuda
