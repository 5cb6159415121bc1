// Products on tensor cores whose left factor is stored as bfloat16, and the right one so or as float32: what
// is bfloat16 goes to the registers of the tensor core as it lies in memory, weights in float32 are rounded
// as they enter one. Sums are float32. Registers hold neighbouring depths in pairs, in the order of depth.
#pragma once

#include "cuda/ops/product_tensor.h"

namespace strate::cuda {

// of[e] = A[row + group + e % 2 * 8][k + place * 2 + e / 2 * 8 .. + 1]
template <class Tile>
__device__ __forceinline__ void load_row_pairs(uint32_t (&of)[4], const bfloat16* tile, int row, int k) {
  const int lane = int(threadIdx.x) % 32;
  if constexpr (Tile::along) ldmatrix_x4(of, tile + Tile::place(row + lane % 16, k + lane / 16 * 8));
  else ldmatrix_x4_trans(of, tile + Tile::place(row + lane / 8 % 2 * 8, k + lane / 16 * 8 + lane % 8));
}

// Of 16 columns: of[j][e] = B[k + place * 2 + e * 8 .. + 1][column + j * 8 + group]
template <class Tile>
__device__ __forceinline__ void load_column_pairs(uint32_t (&of)[2][2], const typename Tile::T* tile,
                                                  int column, int k) {
  const int lane = int(threadIdx.x) % 32;
  if constexpr (Tile::narrow) {
    static_assert(!Tile::along, "no product has such a factor");
    uint32_t all[4];
    ldmatrix_x4_trans(all, tile + Tile::place(column + lane / 16 * 8, k + lane / 8 % 2 * 8 + lane % 8));
    of[0][0] = all[0], of[0][1] = all[1], of[1][0] = all[2], of[1][1] = all[3];
  } else {
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
      for (int e = 0; e < 2; e++) {
        const int outer = column + j * 8 + lane / 4, depth = k + lane % 4 * 2 + e * 8;
        if constexpr (Tile::along) {
          const auto pair = load_pack<2>(tile + Tile::place(outer, depth));
          of[j][e] = to_bfloat16_pair(pair.at[0], pair.at[1]);
        } else {
          of[j][e] = to_bfloat16_pair(tile[Tile::place(outer, depth)], tile[Tile::place(outer, depth + 1)]);
        }
      }
  }
}

// As TensorProduct, with twice the depth in a stage.
template <class Shape, class A, class B> struct BFloat16Product {
  using Sum = float;
  static constexpr int rows = Shape::rows, columns = Shape::columns, depth = 32, stages = 3,
                       threads = Shape::threads;
  static constexpr int blocks_at_once = B::heavy ? 1 : 2;
  static constexpr int result_row = columns + 4;
  using Copies = Ring<Sum, A, B, rows, columns, depth, stages, threads, true>;
  static constexpr size_t result_bytes = sizeof(float) * rows * result_row;
  static constexpr size_t bytes = Copies::bytes > result_bytes ? Copies::bytes : result_bytes;

  __device__ __forceinline__ static void sum(float* shared, const A& a, const B& b, int row, int column,
                                             int from, int to) {
    constexpr int down = Shape::warp_rows / 16, across = Shape::warp_columns / 8;
    static_assert(across % 2 == 0);
    const int warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32;
    const int top = warp / Shape::warps_across * Shape::warp_rows;
    const int left = warp % Shape::warps_across * Shape::warp_columns;
    float c[down][across][4] = {};
    Copies::pass(shared, a, b, row, column, from, to, [&](const auto* tile_a, const auto* tile_b) {
#pragma unroll
      for (int k = 0; k < depth; k += 16) {
        uint32_t y[across / 2][2][2];
#pragma unroll
        for (int j = 0; j < across / 2; j++)
          load_column_pairs<typename Copies::TileB>(y[j], tile_b, left + j * 16, k);
#pragma unroll
        for (int i = 0; i < down; i++) {
          uint32_t x[4];
          load_row_pairs<typename Copies::TileA>(x, tile_a, top + i * 16, k);
#pragma unroll
          for (int j = 0; j < across; j++) mma_m16n8k16_bf16(c[i][j], x, y[j / 2][j % 2]);
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
