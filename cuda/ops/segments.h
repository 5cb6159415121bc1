// Loops over the trained segments of flat buffers, which lie in the device's memory as in ops/segments.h.
#pragma once

#include "cuda/core/pack.h"
#include "cuda/core/reduce.h"

namespace strate::cuda {

struct Segments {
  const int64_t* rows;
  int64_t count;

  // f(begin, end, decays) for the part of each segment that lies in [from, to), in their order. A warp looks
  // at 32 segments at once; all its lanes call, and are called, together.
  template <class F> __device__ __forceinline__ void within(int64_t from, int64_t to, F&& f) const {
    for (int64_t first = 0; first < count; first += warp_size) {
      const int64_t i = first + threadIdx.x % warp_size;
      int64_t begin = to, end = from;
      int decays = 0;
      if (i < count) {
        begin = max(rows[3 * i], from);
        end = min(rows[3 * i + 1], to);
        decays = rows[3 * i + 2] != 0;
      }
      for (unsigned left = __ballot_sync(~0u, begin < end); left != 0; left &= left - 1) {
        const int lane = __ffs(int(left)) - 1;
        f(__shfl_sync(~0u, begin, lane), __shfl_sync(~0u, end, lane), __shfl_sync(~0u, decays, lane) != 0);
      }
    }
  }
};

constexpr int64_t segment_chunk = 2048;  // numbers of the buffers that a block works on at a time

inline Grid segments_grid(int64_t n, int64_t most) {
  return blocks_of(std::min(most, (n + segment_chunk - 1) / segment_chunk));
}

// v held within [-limit, limit]; NaN is kept.
template <class T> __device__ __forceinline__ T clamped(T v, T limit) {
  return v > limit ? limit : v < -limit ? -limit : v;
}

// f.operator()<W>(i, decays) for the numbers of n that lie in a segment: V at i, which start at a multiple of
// V, or one.
template <int V, class F> __device__ __forceinline__ void for_segments(int64_t n, Segments s, F&& f) {
  const int64_t step = int64_t(gridDim.x) * segment_chunk;
  for (int64_t from = blockIdx.x * segment_chunk; from < n; from += step)
    s.within(from, min(n, from + segment_chunk), [&](int64_t begin, int64_t end, bool decays) {
      for (int64_t pack = begin / V + threadIdx.x; pack * V < end; pack += blockDim.x) {
        const int64_t first = max(begin, pack * V), last = min(end, pack * V + V);
        if (last - first == V) f.template operator()<V>(first, decays);
        else
          for (int64_t i = first; i < last; i++) f.template operator()<1>(i, decays);
      }
    });
}

}  // namespace strate::cuda
