#include "ops/embedding.h"

#include "cuda/core/launch.h"
#include "cuda/core/reduce.h"

namespace strate::cuda {
namespace {

constexpr int per_lane = 4;   // columns of a lane
constexpr int in_flight = 4;  // rows of dy that are read before the first of them is added
constexpr int64_t tile = per_lane * warp_size;

// A warp for each row of dweight and tile of its columns. It looks through the whole index, 32 places at a
// time, and adds the rows of dy that are its own, in their order: no atomics, no sorting, and the index is
// small beside dy.
template <class T>
__global__ void scatter_kernel(T* dweight, Flag* flag, const T* dy, const int64_t* index, int64_t rows,
                               int64_t vocabulary, int64_t units) {
  const int64_t tiles = (units + tile - 1) / tile, warps = int64_t(gridDim.x) * blockDim.x / warp_size;
  const int lane = threadIdx.x % warp_size;
  int64_t task = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / warp_size;
  for (; task < vocabulary * tiles; task += warps) {
    const int64_t word = task / tiles, begin = task % tiles * tile + lane;
    T sum[per_lane] = {};
    for (int64_t first = 0; first < rows; first += warp_size) {
      const bool own = first + lane < rows && index[first + lane] == word;
      for (unsigned left = __ballot_sync(~0u, own); left;) {
        T terms[in_flight][per_lane];
#pragma unroll
        for (int r = 0; r < in_flight; r++) {
          const T* from = dy + (first + __ffs(int(left)) - 1) * units;
#pragma unroll
          for (int k = 0; k < per_lane; k++)
            terms[r][k] = left && begin + k * warp_size < units ? from[begin + k * warp_size] : T(0);
          left &= left - 1;
        }
#pragma unroll
        for (int r = 0; r < in_flight; r++)
#pragma unroll
          for (int k = 0; k < per_lane; k++) sum[k] += terms[r][k];
      }
    }
#pragma unroll
    for (int k = 0; k < per_lane; k++) {
      if (begin + k * warp_size >= units) continue;
      dweight[word * units + begin + k * warp_size] = sum[k];
      if (sum[k] - sum[k] != T(0)) raise(flag);
    }
  }
}

template <class T>
void scatter(T* dweight, Flag* flag, const T* dy, const int64_t* index, int64_t rows, int64_t vocabulary,
             int64_t units) {
  const int64_t tasks = vocabulary * ((units + tile - 1) / tile);
  launch("embedding_backward", scatter_kernel<T>, grid_of(tasks * warp_size), dweight, flag, dy, index, rows,
         vocabulary, units);
}

}  // namespace

void fill(EmbeddingCuda<float>& part) { part = {scatter<float>}; }
void fill(EmbeddingCuda<double>& part) { part = {scatter<double>}; }

}  // namespace strate::cuda
