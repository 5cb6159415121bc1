// Kernels that exist right and with one fault, chosen by a template argument.
#pragma once

#include "cuda/core/instructions.h"

namespace scenario {

using namespace strate::cuda;
using strate::bfloat16;

enum class Fault { none, no_barrier, divergent_barrier, divergent_shuffle, early_exit, wrong_depth };

// C = A B for multiples of 32, tiles of 32x32 of shared memory in two buffers.
template <Fault fault>
__global__ void __launch_bounds__(256) tiled_product(int N, int K, const float* A, const float* B, float* C) {
  STRATE_SHARED(a, float[2][32][33]);
  STRATE_SHARED(b, float[2][32][33]);
  const int x = threadIdx.x % 32, y = threadIdx.x / 32, row = blockIdx.y * 32, column = blockIdx.x * 32;
  float sum[4] = {};
  auto load = [&](int buffer, int k) {
    for (int i = y; i < 32; i += 8) {
      a[buffer][i][x] = A[(row + i) * K + k + x];
      b[buffer][i][x] = B[(k + i) * N + column + x];
    }
  };
  load(0, 0);
  if (fault != Fault::no_barrier) __syncthreads();
  for (int k = 0, buffer = 0; k < K; k += 32, buffer ^= 1) {
    if (k + 32 < K) load(buffer ^ 1, k + 32);
#pragma unroll
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 32; j++) sum[i] = fmaf(a[buffer][y + i * 8][j], b[buffer][j][x], sum[i]);
    if (fault != Fault::no_barrier) __syncthreads();
  }
  for (int i = 0; i < 4; i++) C[(row + y + i * 8) * N + column + x] = sum[i];
}

__device__ __forceinline__ float warp_sum(float value) {
  for (int offset = 16; offset; offset /= 2) value += __shfl_down_sync(~0u, value, offset);
  return value;
}

// out[block] = sum of the block's part of x.
template <Fault fault> __global__ void block_sum(int n, const float* x, float* out) {
  STRATE_SHARED(parts, float[32]);
  const int t = threadIdx.x, warps = blockDim.x / 32;
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x) sum += x[i];
  sum = warp_sum(sum);
  if (t % 32 == 0) parts[t / 32] = sum;
  if (fault == Fault::early_exit && t >= 128) return;
  if (fault == Fault::divergent_barrier && t < 128) __syncthreads();
  else __syncthreads();
  if (t >= 32) return;
  sum = t < warps ? parts[t] : 0.0f;
  if (fault == Fault::divergent_shuffle && t >= 8) return;
  sum = warp_sum(sum);
  if (t == 0) out[blockIdx.x] = sum;
}

// C = A B^T for bfloat16 and multiples of 64, K of 32: a ring of stages filled by cp.async, ldmatrix, mma.
constexpr int ring = 3, tile = 64, depth = 32, pitch = depth + 8;
constexpr size_t ring_bytes = size_t(ring) * 2 * tile * pitch * sizeof(bfloat16);

template <Fault fault>
__global__ void __launch_bounds__(128)
    ring_product(int N, int K, const bfloat16* A, const bfloat16* B, float* C) {
  STRATE_DYNAMIC_SHARED(bfloat16, shared);
  bfloat16 *a = shared, *b = shared + ring * tile * pitch;
  const int t = threadIdx.x, lane = t % 32, m = t / 64 * 32, n = t / 32 % 2 * 32;
  const int row = blockIdx.y * tile, column = blockIdx.x * tile;
  auto fetch = [&](int stage, int k) {
    for (int i = t; k < K && i < tile * depth / 8; i += 128) {
      const int r = i / (depth / 8), c = i % (depth / 8) * 8;
      cp_async<16>(a + (stage * tile + r) * pitch + c, A + (row + r) * K + k + c);
      cp_async<16>(b + (stage * tile + r) * pitch + c, B + (column + r) * K + k + c);
    }
    cp_async_commit();
  };
  float sum[2][4][4] = {};
  for (int s = 0; s < ring - 1; s++) fetch(s, s * depth);
  for (int k = 0, stage = 0; k < K; k += depth, stage = (stage + 1) % ring) {
    cp_async_wait<(fault == Fault::wrong_depth ? ring - 1 : ring - 2)>();
    if (fault != Fault::no_barrier) __syncthreads();
    fetch((stage + ring - 1) % ring, k + (ring - 1) * depth);
    for (int kk = 0; kk < depth; kk += 16) {
      uint32_t x[2][4], y[2][4];
      for (int i = 0; i < 2; i++)
        ldmatrix_x4(x[i], a + (stage * tile + m + i * 16 + lane % 16) * pitch + kk + lane / 16 * 8);
      for (int j = 0; j < 2; j++)
        ldmatrix_x4(
            y[j], b + (stage * tile + n + j * 16 + lane % 8 + lane / 16 * 8) * pitch + kk + lane / 8 % 2 * 8);
      for (int i = 0; i < 2; i++)
        for (int j = 0; j < 4; j++) {
          const uint32_t pair[2] = {y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]};
          mma_m16n8k16_bf16(sum[i][j], x[i], pair);
        }
    }
  }
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 4; j++)
      for (int e = 0; e < 4; e++)
        C[(row + m + i * 16 + lane / 4 + e / 2 * 8) * N + column + n + j * 8 + lane % 4 * 2 + e % 2] =
            sum[i][j][e];
}

// ---- the same runs for a right kernel and a faulty one

template <Fault fault> std::string run_tiled_product() {
  const int M = 64, N = 96, K = 128;
  const std::vector<float> A = uniform(M * K), B = uniform(K * N, 2);
  Buffer<float> a(A), b(B), c(M * N);
  launch_kernel(tiled_product<fault>, dim3(N / 32, M / 32), 256, 0, nullptr, N, K, a.p, b.p, c.p);
  return compare(c.read(), product(M, N, K, A, B), 1e-4f);
}

template <Fault fault> std::string run_block_sum() {
  const int n = 2000, blocks = 3;
  const std::vector<float> x = uniform(n);
  Buffer<float> in(x), out(blocks);
  launch_kernel(block_sum<fault>, blocks, 256, 0, nullptr, n, in.p, out.p);
  std::vector<double> sums(blocks);
  for (int i = 0; i < n; i++) sums[i / 256 % blocks] += x[i];
  return compare(out.read(), std::vector<float>(sums.begin(), sums.end()), 1e-4f);
}

template <Fault fault> std::string run_ring_product() {
  const int M = 64, N = 128, K = 160;
  std::vector<float> A = uniform(M * K), B = uniform(K * N, 2);
  std::vector<bfloat16> A16(M * K), B16(N * K);
  for (int i = 0; i < M * K; i++) A16[i] = strate::to_bfloat16(A[i]), A[i] = strate::to_float(A16[i]);
  for (int i = 0; i < K * N; i++) {
    bfloat16& to = B16[i % N * K + i / N];
    to = strate::to_bfloat16(B[i]), B[i] = strate::to_float(to);
  }
  Buffer<bfloat16> a(A16), b(B16);
  Buffer<float> c(M * N);
  launch_kernel(ring_product<fault>, dim3(N / tile, M / tile), 128, ring_bytes, nullptr, N, K, a.p, b.p, c.p);
  return compare(c.read(), product(M, N, K, A, B), 1e-4f);
}

}  // namespace scenario
