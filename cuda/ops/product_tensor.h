// Products of float32 on tensor cores: the block's warps each sum 16x8 pieces of a tile, in registers.
// Factors are rounded where they enter a register (to tf32, or two neighbours in a pair of bfloat16), so both
// kinds share the tiles in shared memory; sums are float32. As bfloat16 multiplies 16 depths at a time and
// any order of depths serves a sum, the pairs are made of what the two halves of two tf32 fragments hold.
#pragma once

#include "cuda/ops/product_factor.h"
#include "ops/cuda.h"

namespace strate::cuda {

template <int Rows_, int Columns_, int WarpRows, int WarpColumns> struct TensorShape {
  static constexpr int rows = Rows_, columns = Columns_, depth = 16, stages = 4;
  static constexpr int warp_rows = WarpRows, warp_columns = WarpColumns;  // of the tile, to a warp
  static constexpr int warps_across = Columns_ / WarpColumns;
  static constexpr int threads = Rows_ / WarpRows * warps_across * 32;
};
using LargeTensorShape = TensorShape<128, 128, 64, 32>;
using SmallTensorShape = TensorShape<64, 64, 32, 32>;

// Fragments of 8 depths from a tile, unrounded: r[e] = A[row + group + e % 2 * 8][k + place + e / 2 * 4].
template <class Tile>
__device__ __forceinline__ void load_rows(uint32_t (&r)[4], const float* tile, int row, int k) {
  const int lane = int(threadIdx.x) % 32;
  if constexpr (Tile::along) {
    ldmatrix_x4(r, tile + Tile::place(row + lane % 16, k + lane / 16 * 4));
  } else {
#pragma unroll
    for (int e = 0; e < 4; e++)
      r[e] = __float_as_uint(tile[Tile::place(row + lane / 4 + e % 2 * 8, k + lane % 4 + e / 2 * 4)]);
  }
}

// Of 16 columns: r[j][e] = B[k + place + e * 4][column + j * 8 + group].
template <class Tile>
__device__ __forceinline__ void load_columns(uint32_t (&r)[2][2], const float* tile, int column, int k) {
  const int lane = int(threadIdx.x) % 32;
  if constexpr (Tile::along) {
    uint32_t all[4];
    ldmatrix_x4(all, tile + Tile::place(column + lane % 8 + lane / 16 * 8, k + lane / 8 % 2 * 4));
    r[0][0] = all[0], r[0][1] = all[1], r[1][0] = all[2], r[1][1] = all[3];
  } else {
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
      for (int e = 0; e < 2; e++)
        r[j][e] = __float_as_uint(tile[Tile::place(column + j * 8 + lane / 4, k + lane % 4 + e * 4)]);
  }
}

// A fragment for the 16 depths of a tile, rounded: for tf32 two steps of 8, for bfloat16 one of 16.
template <Multiply kind, class Tile> struct RowFragment {
  static constexpr int steps = kind == Multiply::tf32 ? 2 : 1;
  uint32_t of[steps][4];

  __device__ __forceinline__ RowFragment(const float* tile, int row) {
    uint32_t first[4], second[4];
    load_rows<Tile>(first, tile, row, 0);
    load_rows<Tile>(second, tile, row, 8);
#pragma unroll
    for (int e = 0; e < 4; e++) {
      if constexpr (kind == Multiply::tf32) {
        of[0][e] = to_tf32(__uint_as_float(first[e]));
        of[1][e] = to_tf32(__uint_as_float(second[e]));
      } else {
        const uint32_t (&half)[4] = e < 2 ? first : second;
        of[0][e] = to_bfloat16_pair(__uint_as_float(half[e % 2]), __uint_as_float(half[e % 2 + 2]));
      }
    }
  }
};

// The same of Count pieces of 8 columns.
template <Multiply kind, class Tile, int Count> struct ColumnFragments {
  static constexpr int steps = kind == Multiply::tf32 ? 2 : 1;
  uint32_t of[steps][Count][2];

  __device__ __forceinline__ ColumnFragments(const float* tile, int column) {
    static_assert(Count % 2 == 0);
#pragma unroll
    for (int j = 0; j < Count; j += 2) {
      uint32_t first[2][2], second[2][2];
      load_columns<Tile>(first, tile, column + j * 8, 0);
      load_columns<Tile>(second, tile, column + j * 8, 8);
#pragma unroll
      for (int i = 0; i < 2; i++)
#pragma unroll
        for (int e = 0; e < 2; e++) {
          if constexpr (kind == Multiply::tf32) {
            of[0][j + i][e] = to_tf32(__uint_as_float(first[i][e]));
            of[1][j + i][e] = to_tf32(__uint_as_float(second[i][e]));
          } else {
            const uint32_t (&half)[2][2] = e == 0 ? first : second;
            of[0][j + i][e] = to_bfloat16_pair(__uint_as_float(half[i][0]), __uint_as_float(half[i][1]));
          }
        }
    }
  }
};

// Sums the tile at (row, column) over depths from ... to and leaves it in shared memory, rows Columns + 4
// apart.
template <Multiply kind, class Shape, class A, class B> struct TensorProduct {
  using Sum = float;
  static constexpr int rows = Shape::rows, columns = Shape::columns, depth = Shape::depth,
                       threads = Shape::threads;
  // On a multiprocessor: what registers and shared memory are planned for. One where two would spill.
  static constexpr int blocks_at_once = B::heavy && kind == Multiply::bf16 ? 1 : 2;
  static constexpr int result_row = columns + 4;
  using Copies = Ring<Sum, A, B, rows, columns, depth, Shape::stages, threads>;
  static constexpr size_t result_bytes = sizeof(float) * rows * result_row;
  static constexpr size_t bytes = Copies::bytes > result_bytes ? Copies::bytes : result_bytes;

  __device__ __forceinline__ static void sum(float* shared, const A& a, const B& b, int row, int column,
                                             int from, int to) {
    constexpr int down = Shape::warp_rows / 16, across = Shape::warp_columns / 8;
    const int warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32;
    const int top = warp / Shape::warps_across * Shape::warp_rows;
    const int left = warp % Shape::warps_across * Shape::warp_columns;
    float c[down][across][4] = {};
    Copies::pass(shared, a, b, row, column, from, to, [&](const float* tile_a, const float* tile_b) {
      const ColumnFragments<kind, typename Copies::TileB, across> y(tile_b, left);
#pragma unroll
      for (int i = 0; i < down; i++) {
        const RowFragment<kind, typename Copies::TileA> x(tile_a, top + i * 16);
#pragma unroll
        for (int s = 0; s < x.steps; s++)
#pragma unroll
          for (int j = 0; j < across; j++) {
            if constexpr (kind == Multiply::tf32) mma_m16n8k8_tf32(c[i][j], x.of[s], y.of[s][j]);
            else mma_m16n8k16_bf16(c[i][j], x.of[s], y.of[s][j]);
          }
      }
    });
#pragma unroll
    for (int i = 0; i < down; i++)
#pragma unroll
      for (int j = 0; j < across; j++)
#pragma unroll
        for (int e = 0; e < 4; e++)
          shared[(top + i * 16 + lane / 4 + e / 2 * 8) * result_row + left + j * 8 + lane % 4 * 2 + e % 2] =
              c[i][j][e];
  }
};

}  // namespace strate::cuda
