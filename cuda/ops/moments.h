// Means and sums of squared differences from them, which merge (Chan, Golub and LeVeque, 1983).
#pragma once

#include "cuda/ops/columns.h"

namespace strate::cuda {

struct Moments {
  double n, mean, squares;
};

struct MergeMoments {
  __device__ __forceinline__ Moments operator()(const Moments& a, const Moments& b) const {
    if (b.n == 0) return a;
    if (a.n == 0) return b;
    const double n = a.n + b.n, share = b.n / n, distance = b.mean - a.mean;
    return {n, a.mean + distance * share, a.squares + b.squares + distance * distance * a.n * share};
  }
};

// The moments of all lanes, to lane 0.
__device__ __forceinline__ Moments warp_moments(Moments m) {
  for (int lanes = warp_size / 2; lanes > 0; lanes /= 2) {
    const Moments other{__shfl_down_sync(~0u, m.n, lanes), __shfl_down_sync(~0u, m.mean, lanes),
                        __shfl_down_sync(~0u, m.squares, lanes)};
    m = MergeMoments{}(m, other);
  }
  return m;
}

// Where the sums of a block of rows are taken from: near its mean, so that squares lose no digits. For the
// first block it is the mean of its first eight rows, the sum being exact where they are equal; later ones
// take the mean of the rows before. A block that lies far from those loses digits of its own squares, but its
// distance, which is exact, then outweighs them.
template <class T, int V>
__device__ __forceinline__ Pack<Wide<T>, V> first_center(const T* x, int64_t step, int64_t rows) {
  constexpr int some = 8;
  Pack<Wide<T>, V> sums[some];
  for (int i = 0; i < some; i++) sums[i] = load_pack<V>(x + (i < rows ? i * step : 0));
  for (int n = some / 2; n > 0; n /= 2)
    for (int i = 0; i < n; i++)
      for (int j = 0; j < V; j++) sums[i].at[j] += sums[i + n].at[j];
  for (int j = 0; j < V; j++) sums[0].at[j] /= Wide<T>(some);
  return sums[0];
}

// Adds the moments of the thread's rows of x to those of its columns, in short sums of what T is computed in.
template <class T, int V>
__device__ __forceinline__ void add_moments(Moments (&columns)[V], const T* x, const Columns& c,
                                            const Share& s) {
  const int64_t step = s.step * c.columns;
  for (int64_t from = s.begin; from < s.end; from += short_sum * s.step) {
    const int64_t left = (s.end - from + s.step - 1) / s.step, rows = left < short_sum ? left : short_sum;
    const T* block = x + from * c.columns + s.column;
    Pack<Wide<T>, V> center, sums, squares;
    if (from == s.begin) center = first_center<T, V>(block, step, rows);
    for (int j = 0; j < V; j++) {
      if (from != s.begin) center.at[j] = Wide<T>(columns[j].mean);
      sums.at[j] = squares.at[j] = 0;
    }
#pragma unroll 8
    for (int64_t r = 0; r < rows; r++) {
      const auto v = load_pack<V>(block + r * step);
      for (int j = 0; j < V; j++) {
        const Wide<T> d = v.at[j] - center.at[j];
        sums.at[j] += d;
        squares.at[j] += d * d;
      }
    }
    for (int j = 0; j < V; j++) {
      const double shift = double(sums.at[j]) / double(rows);
      const double own = double(squares.at[j]) - double(sums.at[j]) * shift;
      columns[j] =
          MergeMoments{}(columns[j], {double(rows), double(center.at[j]) + shift, own < 0 ? 0 : own});
    }
  }
}

}  // namespace strate::cuda
