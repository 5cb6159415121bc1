// Right: matrix products on every kind of instruction, and ldmatrix by itself.

#include "scenarios.h"
//
#include "kernels.h"

namespace scenario {

namespace {

// One warp for each 16x8 of C, straight from global memory.
__global__ void tf32_product(int N, int K, const float* A, const float* B, float* C) {
  const int lane = threadIdx.x % 32, group = lane / 4, place = lane % 4;
  const int row = blockIdx.y * 16, column = (blockIdx.x * blockDim.x + threadIdx.x) / 32 * 8;
  float d[4] = {};
  for (int k = 0; k < K; k += 8) {
    uint32_t a[4], b[2];
    for (int e = 0; e < 4; e++) a[e] = to_tf32(A[(row + group + e % 2 * 8) * K + k + place + e / 2 * 4]);
    for (int e = 0; e < 2; e++) b[e] = to_tf32(B[(k + place + e * 4) * N + column + group]);
    mma_m16n8k8_tf32(d, a, b);
  }
  for (int e = 0; e < 4; e++) C[(row + group + e / 2 * 8) * N + column + place * 2 + e % 2] = d[e];
}

std::string run_tf32_product() {
  const int M = 32, N = 64, K = 40;
  const std::vector<float> A = uniform(M * K), B = uniform(K * N, 2);
  Buffer<float> a(A), b(B), c(M * N);
  launch_kernel(tf32_product, dim3(N / 32, M / 16), 128, 0, nullptr, N, K, a.p, b.p, c.p);
  return compare(c.read(), product(M, N, K, A, B), 3e-3f);
}

// out[lane][q] of four 8x8 matrices whose values say where they stand.
template <bool transposed> __global__ void load_matrices(uint32_t* out) {
  STRATE_SHARED(rows, uint16_t[32][8]);
  const int lane = threadIdx.x;
  for (int column = 0; column < 8; column++) rows[lane][column] = uint16_t(lane * 8 + column);
  __syncwarp();
  uint32_t r[4];
  if (transposed) ldmatrix_x4_trans(r, rows[lane]);
  else ldmatrix_x4(r, rows[lane]);
  for (int q = 0; q < 4; q++) out[lane * 4 + q] = r[q];
}

template <bool transposed> std::string run_load_matrices() {
  Buffer<uint32_t> out(128);
  launch_kernel(load_matrices<transposed>, 1, 32, 0, nullptr, out.p);
  const std::vector<uint32_t> words = out.read();
  std::vector<float> got, expected;
  for (unsigned lane = 0; lane < 32; lane++)
    for (unsigned q = 0; q < 4; q++)
      for (unsigned half = 0; half < 2; half++) {
        const unsigned group = lane / 4, place = lane % 4 * 2 + half;
        got.push_back(float(words[lane * 4 + q] >> 16 * half & 0xffff));
        expected.push_back(float(transposed ? (q * 8 + place) * 8 + group : (q * 8 + group) * 8 + place));
      }
  return compare(got, expected, 0);
}

__global__ void roundings(const float* x, uint32_t* bf16, uint32_t* tf32) {
  bf16[threadIdx.x] = strate::to_bfloat16(x[threadIdx.x]).bits;
  tf32[threadIdx.x] = to_tf32(x[threadIdx.x]);
}

// Nearest; a tie goes to even, in tf32 away from zero; NaN stays NaN.
std::string run_roundings() {
  const std::vector<uint32_t> in = {0x3f800000, 0x3f808000, 0x3f818000, 0x3f801000, 0x3f800fff,
                                    0x7f800000, 0x7f7fffff, 0x7fffffff, 0x7f800001, 0x80000000};
  const std::vector<uint32_t> expected = {0x3f80,     0x3f80,     0x3f82,     0x3f80,     0x3f80,
                                          0x7f80,     0x7f80,     0x7fff,     0x7fc0,     0x8000,  // bfloat16
                                          0x3f800000, 0x3f808000, 0x3f818000, 0x3f802000, 0x3f800000,  // tf32
                                          0x7f800000, 0x7f800000, 0x7fffffff, 0x7fffffff, 0x80000000};
  const unsigned count = unsigned(in.size());
  Buffer<uint32_t> x(in), out(2 * count);
  launch_kernel(roundings, 1, count, 0, nullptr, reinterpret_cast<const float*>(x.p), out.p, out.p + count);
  const std::vector<uint32_t> got = out.read();
  for (unsigned i = 0; i < 2 * count; i++)
    if (got[i] != expected[i]) return "wrong bits at " + std::to_string(i) + ": " + std::to_string(got[i]);
  return compare({}, {}, 0);
}

}  // namespace

const std::vector<Scenario> correct_products = {
    {"tiled_product", run_tiled_product<Fault::none>},
    {"ring_product", run_ring_product<Fault::none>},
    {"tf32_product", run_tf32_product},
    {"ldmatrix", run_load_matrices<false>},
    {"ldmatrix_transposed", run_load_matrices<true>},
    {"roundings", run_roundings},
};

}  // namespace scenario
