#include "ops/gradient_norm.h"

#include "cuda/ops/segments.h"
#include "cuda/ops/sums.h"

namespace strate::cuda {
namespace {

template <int V, class T>
__global__ void squares_kernel(double* sums, const T* gradient, int64_t n, Segments segments) {
  double sum = 0;
  for_segments<V>(n, segments, [&]<int W>(int64_t i, bool) {
    const Pack<T, W> pack = load_pack<W>(gradient + i);
#pragma unroll
    for (int k = 0; k < W; k++) sum += double(pack.at[k]) * double(pack.at[k]);
  });
  leave_sum(sums, sum);
}

__global__ void norm_kernel(double* norm, double* scale, const double* sums, int64_t n, double most) {
  const double length = sqrt(sum_of(sums, n));
  if (threadIdx.x > 0) return;
  *norm = length;
  if (scale) *scale = length > most ? most / length : 1;
}

template <class T>
void norm(double* to, double* scale, double* sums, const T* gradient, int64_t n, const int64_t* segments,
          int64_t count, double most) {
  with_packs<T>(aligned(gradient), [&]<int V>() {
    const Grid grid = segments_grid(n, cuda_sum_blocks);
    launch("gradient_norm_squares", squares_kernel<V, T>, grid, sums, gradient, n, Segments{segments, count});
    launch("gradient_norm", norm_kernel, blocks_of(1), to, scale, sums, int64_t(grid.blocks.x), most);
  });
}

}  // namespace

void fill(GradientNormCuda<float>& part) { part = {norm<float>}; }
void fill(GradientNormCuda<double>& part) { part = {norm<double>}; }

}  // namespace strate::cuda
