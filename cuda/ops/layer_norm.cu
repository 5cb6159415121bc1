#include "ops/layer_norm.h"

#include "cuda/ops/columns.h"

namespace strate::cuda {
namespace {

// A warp has a row, or a block a long one: it is read again from the nearest cache for each pass over it.
constexpr int64_t long_row = 2048;

template <bool Block> struct Team {
  int lane, size;
  int64_t first, step;  // rows

  __device__ __forceinline__ Team() {
    constexpr int warps = block_size / warp_size;
    const int thread = int(threadIdx.x);
    size = Block ? block_size : warp_size;
    lane = Block ? thread : thread % warp_size;
    first = Block ? int64_t(blockIdx.x) : int64_t(blockIdx.x) * warps + thread / warp_size;
    step = int64_t(gridDim.x) * (Block ? 1 : warps);
  }

  // add(i, sums) for the row's numbers i ... i + V, a thread's sums being made of short ones in T; then the
  // team's sums, to all of it.
  template <class T, int V, int N, class F>
  __device__ __forceinline__ void sum(double (&total)[N], int64_t length, F&& add) const {
    for (int k = 0; k < N; k++) total[k] = 0;
    const int64_t stride = size * V;
    for (int64_t from = lane * V; from < length; from += short_sum * stride) {
      const int64_t limit = from + short_sum * stride, end = limit < length ? limit : length;
      T sums[N] = {};
      for (int64_t i = from; i < end; i += stride) add(i, sums);
      for (int k = 0; k < N; k++) total[k] += double(sums[k]);
    }
    for (int k = 0; k < N; k++) {
      if constexpr (Block) total[k] = block_sum(total[k]);
      else total[k] = warp_sum(total[k]);
    }
  }
};

// xhat = (x - center) inverse - rest: the mean in double precision is center and a small rest, so that a mean
// far from zero costs no digits.
template <class T> struct Normalizer {
  T center, inverse, rest;

  __device__ __forceinline__ Normalizer(double mean, double inverse_)
      : center(T(mean)), inverse(T(inverse_)), rest(T((mean - double(T(mean))) * inverse_)) {}
  __device__ __forceinline__ T operator()(T x) const { return (x - center) * inverse - rest; }
};

// The mean is near first, then what it is off by is taken out of sum and squares in double precision.
template <class T, int V, bool Block>
__global__ void forward_kernel(T* __restrict__ y, double* statistics, const T* __restrict__ x, const T* gamma,
                               const T* beta, int64_t rows, int64_t length, double epsilon) {
  const Team<Block> team;
  for (int64_t row = team.first; row < rows; row += team.step) {
    const T* from = x + row * length;
    double near[1], moments[2];
    team.template sum<T, V>(near, length, [&](int64_t i, T(&sums)[1]) {
      const Pack<T, V> v = load_pack<V>(from + i);
      for (int j = 0; j < V; j++) sums[0] += v.at[j];
    });
    const T center = T(near[0] / double(length));
    team.template sum<T, V>(moments, length, [&](int64_t i, T(&sums)[2]) {
      const Pack<T, V> v = load_pack<V>(from + i);
      for (int j = 0; j < V; j++) {
        const T d = v.at[j] - center;
        sums[0] += d;
        sums[1] += d * d;
      }
    });
    const double shift = moments[0] / double(length), own = moments[1] / double(length) - shift * shift;
    const double mean = double(center) + shift, inverse = 1 / sqrt((own < 0 ? 0 : own) + epsilon);
    if (team.lane == 0) {
      statistics[2 * row] = mean;
      statistics[2 * row + 1] = inverse;
    }
    const Normalizer<T> normalized(mean, inverse);
    for (int64_t p = team.lane; p < length / V; p += team.size) {
      const int64_t i = p * V;
      Pack<T, V> v = load_pack<V>(from + i);
      for (int j = 0; j < V; j++) {
        v.at[j] = normalized(v.at[j]);
        if (gamma) v.at[j] *= gamma[i + j];
        if (beta) v.at[j] += beta[i + j];
      }
      store_pack(y + (row * (length / V) + p) * V, v);  // one store: as in Share::at
    }
  }
}

// dx = inverse (d - mean(d) - xhat mean(d xhat)), d = dy gamma.
template <class T, int V, bool Block>
__global__ void backward_kernel(T* __restrict__ dx, const T* __restrict__ dy, const T* __restrict__ x,
                                const double* statistics, const T* gamma, int64_t rows, int64_t length) {
  const Team<Block> team;
  for (int64_t row = team.first; row < rows; row += team.step) {
    const Normalizer<T> normalized(statistics[2 * row], statistics[2 * row + 1]);
    const int64_t at = row * length;
    const auto gradient = [&](int64_t i) {
      Pack<T, V> d = load_pack<V>(dy + at + i);
      for (int j = 0; gamma && j < V; j++) d.at[j] *= gamma[i + j];
      return d;
    };
    double total[2];
    team.template sum<T, V>(total, length, [&](int64_t i, T(&sums)[2]) {
      const Pack<T, V> d = gradient(i), v = load_pack<V>(x + at + i);
      for (int j = 0; j < V; j++) {
        sums[0] += d.at[j];
        sums[1] += d.at[j] * normalized(v.at[j]);
      }
    });
    const T mean = T(total[0] / double(length)), slope = T(total[1] / double(length));
    for (int64_t p = team.lane; p < length / V; p += team.size) {
      const int64_t i = p * V;
      Pack<T, V> d = gradient(i);
      const Pack<T, V> v = load_pack<V>(x + at + i);
      for (int j = 0; j < V; j++)
        d.at[j] = (d.at[j] - mean - normalized(v.at[j]) * slope) * normalized.inverse;
      store_pack(dx + (row * (length / V) + p) * V, d);
    }
  }
}

template <class T, int V>
__global__ void sums_kernel(double* parts, const T* dy, const T* x, const double* statistics, Columns c) {
  const Share s = Share::of<V>(c);
  sum_rows<T, V>(parts, c, s, [&](int64_t row, Pack<T, V>& sum, Pack<T, V>& product) {
    const Normalizer<T> normalized(statistics[2 * row], statistics[2 * row + 1]);
    const int64_t at = s.template at<V>(row);
    const Pack<T, V> d = load_pack<V>(dy + at), v = load_pack<V>(x + at);
    for (int j = 0; j < V; j++) {
      sum.at[j] += d.at[j];
      product.at[j] += d.at[j] * normalized(v.at[j]);
    }
  });
}

template <class T>
__global__ void write_kernel(Gradient<T> dgamma, Gradient<T> dbeta, const double* parts, Columns c) {
  for_each_warp(c.columns, [&](int64_t column, int lane) {
    const Pair sum = sum_parts(parts, c.chunks, c.columns, column);
    if (lane > 0) return;
    dbeta.write(column, sum.first);
    dgamma.write(column, sum.second);
  });
}

// f.operator()<V, Block>(grid)
template <class T, class F> void with_rows(int64_t rows, int64_t length, F&& f) {
  with_packs<T>(width_of<T>(length) > 1, [&]<int V>() {
    if (length < long_row) f.template operator()<V, false>(grid_of_warps(rows));
    else f.template operator()<V, true>(blocks_of(rows));
  });
}

template <class T>
void forward(T* y, double* statistics, const T* x, const T* gamma, const T* beta, int64_t rows,
             int64_t length, double epsilon) {
  with_rows<T>(rows, length, [&]<int V, bool Block>(const Grid& grid) {
    launch("layer_norm_forward", forward_kernel<T, V, Block>, grid, y, statistics, x, gamma, beta, rows,
           length, epsilon);
  });
}

template <class T>
void input(T* dx, const T* dy, const T* x, const double* statistics, const T* gamma, int64_t rows,
           int64_t length) {
  with_rows<T>(rows, length, [&]<int V, bool Block>(const Grid& grid) {
    launch("layer_norm_input", backward_kernel<T, V, Block>, grid, dx, dy, x, statistics, gamma, rows,
           length);
  });
}

template <class T> int64_t workspace(int64_t rows, int64_t length) {
  return columns_of_sums<T>(rows, length).chunks * 2 * length;
}

template <class T>
void parameters(T* dgamma, T* dbeta, Flag* dgamma_flag, Flag* dbeta_flag, const T* dy, const T* x,
                const double* statistics, double* parts, int64_t rows, int64_t length) {
  const Columns c = columns_of_sums<T>(rows, length);
  with_packs<T>(width_of<T>(length) > 1, [&]<int V>() {
    launch("layer_norm_sums", sums_kernel<T, V>, grid_of(c), parts, dy, x, statistics, c);
  });
  launch("layer_norm_parameters", write_kernel<T>, grid_of_warps(length), Gradient<T>{dgamma, dgamma_flag},
         Gradient<T>{dbeta, dbeta_flag}, parts, c);
}

template <class T> void fill_part(LayerNormCuda<T>& part) {
  part = {forward<T>, input<T>, workspace<T>, parameters<T>};
}

}  // namespace

void fill(LayerNormCuda<float>& part) { fill_part(part); }
void fill(LayerNormCuda<double>& part) { fill_part(part); }

}  // namespace strate::cuda
