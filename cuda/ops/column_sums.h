// Sums over rows for every column, in float64 and in an order fixed by the shape: cpp/ops/column_sums.h.
// A block is a few columns wide, which lie side by side in memory, and as many rows high as it has threads.
#pragma once

#include "cuda/core/launch.h"
#include "ops/column_sums.h"

namespace strate::cuda {

// add(sums, group, row, column) adds one place's numbers to a thread's sums, finish(sums, group, column)
// takes the totals; both are structures, passed to the device by value.
template <int N, class Add, class Finish>
__global__ void column_sums_kernel(double* partials, ColumnSizes s, Add add, Finish finish) {
  STRATE_SHARED(parts, double[N][block_size]);
  const int x = threadIdx.x, y = threadIdx.y, width = blockDim.x, height = blockDim.y;
  const int64_t tiles = (s.columns + width - 1) / width;
  for (int64_t task = blockIdx.x; task < s.groups * s.chunks * tiles; task += gridDim.x) {
    const int64_t column = task % tiles * width + x, part = task / tiles;
    const int64_t group = part / s.chunks, chunk = part % s.chunks;
    const int64_t end = s.rows * (chunk + 1) / s.chunks;
    double sums[N] = {};
    if (column < s.columns)
      for (int64_t r = s.rows * chunk / s.chunks + y; r < end; r += height) add(sums, group, r, column);
    for (int k = 0; k < N; k++) parts[k][y * width + x] = sums[k];
    __syncthreads();
    for (int step = height / 2; step > 0; step /= 2) {
      if (y < step)
        for (int k = 0; k < N; k++) parts[k][y * width + x] += parts[k][(y + step) * width + x];
      __syncthreads();
    }
    if (y == 0 && column < s.columns) {
      for (int k = 0; k < N; k++) sums[k] = parts[k][x];
      if (s.chunks == 1) finish(sums, group, column);
      else
        for (int k = 0; k < N; k++) partials[(part * N + k) * s.columns + column] = sums[k];
    }
    __syncthreads();  // the next task writes there
  }
}

template <int N, class Finish>
__global__ void column_totals_kernel(const double* partials, ColumnSizes s, Finish finish) {
  for_each(s.groups * s.columns, [&](int64_t i) {
    const int64_t group = i / s.columns, column = i % s.columns;
    double sums[N] = {};
    for (int64_t chunk = 0; chunk < s.chunks; chunk++)
      for (int k = 0; k < N; k++)
        sums[k] += partials[((group * s.chunks + chunk) * N + k) * s.columns + column];
    finish(sums, group, column);
  });
}

// Of a block: a power of two of columns, up to a warp.
inline dim3 column_block(int64_t columns) {
  unsigned width = 1;
  while (width < 32 && width < columns) width *= 2;
  return dim3(width, block_size / width);
}

template <int N, class Add, class Finish>
void sum_columns(const char* name, double* partials, const ColumnSizes& s, const Add& add,
                 const Finish& finish) {
  const dim3 block = column_block(s.columns);
  Grid grid = blocks_of(s.groups * s.chunks * ((s.columns + block.x - 1) / block.x));
  grid.threads = block;
  launch(name, column_sums_kernel<N, Add, Finish>, grid, partials, s, add, finish);
  if (s.chunks > 1)
    launch(name, column_totals_kernel<N, Finish>, grid_of(s.groups * s.columns),
           static_cast<const double*>(partials), s, finish);
}

}  // namespace strate::cuda
