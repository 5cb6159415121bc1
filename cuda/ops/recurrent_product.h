// The product inside a step of a recurrent cell: a block has a tile of rows (sequences) and units, and sums
// over the depth for one or more gates of each unit. The state is small, so tiles are too: many blocks share
// a step.
#pragma once

#include "cuda/core/pack.h"

namespace strate::cuda {

// Numbers lie along the depth in shared memory, a vector of them in one read; a row is padded by one vector,
// so that neighbouring rows lie in other banks.
template <class T, int Gates> struct StepProduct {
  static constexpr int rows = 32, units = 16, depth = 32, V = pack_width<T>;
  static constexpr int in_row = depth / V + 1;
  static constexpr int own_rows = rows * units / block_size;  // of a thread, `units` apart

  T sums[own_rows][Gates];

  __device__ __forceinline__ static int unit() { return int(threadIdx.x) % units; }
  __device__ __forceinline__ static int row(int i) {
    return int(threadIdx.x) / units + i * (block_size / units);
  }

  // sums[i][g] = sum over k < count, in their order, of left(row(i), k) right(k, g, unit()). Neighbouring
  // threads ask for neighbouring k of left; of right for those, or for neighbouring units. All threads of the
  // block call it. While a tile is multiplied the next one is on its way.
  template <bool AlongDepth, class Left, class Right>
  __device__ __forceinline__ void sum(int64_t count, Left&& left, Right&& right) {
    STRATE_SHARED(a, Pack<T, V>[rows][in_row]);
    STRATE_SHARED(b, Pack<T, V>[Gates * units][in_row]);
    constexpr int lefts = rows * depth / block_size, rights = units * depth / block_size;
    T from_left[lefts], from_right[rights][Gates];
    const auto place = [](int e) { return int(threadIdx.x) + e * block_size; };
    const auto depth_at = [](int p) { return AlongDepth ? p % depth : p / units; };
    const auto unit_at = [](int p) { return AlongDepth ? p / depth : p % units; };
    const auto fetch = [&](int64_t from) {
#pragma unroll
      for (int e = 0; e < lefts; e++) {
        const int64_t k = from + place(e) % depth;
        from_left[e] = k < count ? left(place(e) / depth, k) : T(0);
      }
#pragma unroll
      for (int e = 0; e < rights; e++)
#pragma unroll
        for (int g = 0; g < Gates; g++) {
          const int64_t k = from + depth_at(place(e));
          from_right[e][g] = k < count ? right(k, g, unit_at(place(e))) : T(0);
        }
    };
    const auto put = [&] {
#pragma unroll
      for (int e = 0; e < lefts; e++) {
        const int k = place(e) % depth;
        a[place(e) / depth][k / V].at[k % V] = from_left[e];
      }
#pragma unroll
      for (int e = 0; e < rights; e++)
#pragma unroll
        for (int g = 0; g < Gates; g++) {
          const int k = depth_at(place(e));
          b[g * units + unit_at(place(e))][k / V].at[k % V] = from_right[e][g];
        }
    };
    fetch(0);
    for (int64_t from = 0; from < count; from += depth) {
      put();
      __syncthreads();
      if (from + depth < count) fetch(from + depth);
      multiply(a, b);
      __syncthreads();
    }
  }

  __device__ __forceinline__ void clear() {
    for (int i = 0; i < own_rows; i++)
      for (int g = 0; g < Gates; g++) sums[i][g] = T(0);
  }

 private:
  __device__ __forceinline__ void multiply(const Pack<T, V> (&a)[rows][in_row],
                                           const Pack<T, V> (&b)[Gates * units][in_row]) {
#pragma unroll
    for (int k = 0; k < depth / V; k++) {
      Pack<T, V> x[own_rows];
#pragma unroll
      for (int i = 0; i < own_rows; i++) x[i] = a[row(i)][k];
#pragma unroll
      for (int g = 0; g < Gates; g++) {
        const Pack<T, V> w = b[g * units + unit()][k];
#pragma unroll
        for (int i = 0; i < own_rows; i++)
#pragma unroll
          for (int j = 0; j < V; j++) sums[i][g] += x[i].at[j] * w.at[j];
      }
    }
  }
};

}  // namespace strate::cuda
