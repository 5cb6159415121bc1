// Products in the numbers' own precision: each thread of 16 x 16 sums Down x Across numbers of the block's
// tile in registers by fused multiply-adds, in the order of depth.
#pragma once

#include "cuda/ops/product_factor.h"

namespace strate::cuda {

template <class T> struct ExactShape;
template <> struct ExactShape<float> {
  static constexpr int rows = 128, columns = 64, depth = 16, stages = 4;
};
template <> struct ExactShape<double> {
  static constexpr int rows = 64, columns = 64, depth = 8, stages = 4;
};

template <class T> struct alignas(16) Vector {
  T number[vector_size<T>];
};

// A thread's Count numbers of a factor. Along depth they lie 16 apart, so that 16 threads read 16
// neighbouring rows; else vectors of them do.
template <class Tile, int Count> struct Strip {
  using T = typename Tile::T;
  static constexpr int width = vector_size<T>;
  T of[width][Count];  // [depth][number]

  __device__ __forceinline__ static int place(int thread, int i) {
    return Tile::along ? thread + i * 16 : (thread + i / width * 16) * width + i % width;
  }

  // Of `width` depths, beginning at k.
  __device__ __forceinline__ Strip(const T* tile, int thread, int k) {
    if constexpr (Tile::along) {
#pragma unroll
      for (int i = 0; i < Count; i++) {
        const auto v = *reinterpret_cast<const Vector<T>*>(tile + Tile::place(place(thread, i), k));
#pragma unroll
        for (int d = 0; d < width; d++) of[d][i] = v.number[d];
      }
    } else {
      static_assert(Count % width == 0);
#pragma unroll
      for (int d = 0; d < width; d++)
#pragma unroll
        for (int i = 0; i < Count; i += width) {
          const auto v = *reinterpret_cast<const Vector<T>*>(tile + Tile::place(place(thread, i), k + d));
#pragma unroll
          for (int j = 0; j < width; j++) of[d][i + j] = v.number[j];
        }
    }
  }
};

__device__ __forceinline__ float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
__device__ __forceinline__ double multiply_add(double a, double b, double c) { return fma(a, b, c); }

// As TensorProduct: the tile's sums are left in shared memory.
template <class A, class B> struct ExactProduct {
  using T = typename A::Number;
  using Sum = T;
  using Shape = ExactShape<T>;
  static constexpr int rows = Shape::rows, columns = Shape::columns, depth = Shape::depth, threads = 256;
  static constexpr int blocks_at_once = sizeof(T) == 4 ? 2 : 1;
  static constexpr int result_row = columns + 4;
  using Copies = Ring<Sum, A, B, rows, columns, depth, Shape::stages, threads>;
  static constexpr size_t result_bytes = sizeof(T) * rows * result_row;
  static constexpr size_t bytes = Copies::bytes > result_bytes ? Copies::bytes : result_bytes;

  __device__ __forceinline__ static void sum(T* shared, const A& a, const B& b, int row, int column, int from,
                                             int to) {
    using Rows = Strip<typename Copies::TileA, rows / 16>;
    using Columns = Strip<typename Copies::TileB, columns / 16>;
    const int down = int(threadIdx.x) / 16, across = int(threadIdx.x) % 16;
    T c[rows / 16][columns / 16] = {};
    Copies::pass(shared, a, b, row, column, from, to, [&](const T* tile_a, const T* tile_b) {
#pragma unroll
      for (int k = 0; k < depth; k += vector_size<T>) {
        const Rows x(tile_a, down, k);
        const Columns y(tile_b, across, k);
#pragma unroll
        for (int d = 0; d < vector_size<T>; d++)
#pragma unroll
          for (int i = 0; i < rows / 16; i++)
#pragma unroll
            for (int j = 0; j < columns / 16; j++) c[i][j] = multiply_add(x.of[d][i], y.of[d][j], c[i][j]);
      }
    });
#pragma unroll
    for (int i = 0; i < rows / 16; i++)
#pragma unroll
      for (int j = 0; j < columns / 16; j++)
        shared[Rows::place(down, i) * result_row + Columns::place(across, j)] = c[i][j];
  }
};

}  // namespace strate::cuda
