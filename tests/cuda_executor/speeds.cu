// How many blocks the executor runs in a second; not a test.

#include <chrono>

#include "scenarios.h"
//
#include "kernels.h"

namespace scenario {

namespace {

constexpr int threads = 256, blocks = 4000;

__global__ void no_barrier(float* y) { y[blockIdx.x * threads + threadIdx.x] += 1; }

__global__ void barriers(int count, float* y) {
  STRATE_SHARED(shared, float[threads]);
  const int t = threadIdx.x;
  shared[t] = float(t);
  for (int i = 1; i < count; i++) {
    __syncthreads();
    shared[(t + i) % threads] += 1;
  }
  __syncthreads();
  y[blockIdx.x * threads + t] = shared[t];
}

__global__ void five_shuffles(float* y) {
  y[blockIdx.x * threads + threadIdx.x] = warp_sum(float(threadIdx.x));
}

template <class Launch> void time_blocks(const char* what, double count, const char* unit, Launch launch) {
  double best = 1e9;
  for (int i = 0; i < 3; i++) {
    const auto start = std::chrono::steady_clock::now();
    launch();
    cudaDeviceSynchronize();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  printf("%-14s %10.1f %s\n", what, count / best, unit);
}

std::string run_speeds() {
  Buffer<float> y(size_t(blocks) * threads);
  const double thousands = blocks / 1e3;
  const char* unit = "thousand blocks of 256 threads a second";
  time_blocks("no barrier", thousands, unit,
              [&] { launch_kernel(no_barrier, blocks, threads, 0, nullptr, y.p); });
  for (int count : {1, 2, 10})
    time_blocks((std::to_string(count) + " barriers").c_str(), thousands, unit,
                [&] { launch_kernel(barriers, blocks, threads, 0, nullptr, count, y.p); });
  time_blocks("5 shuffles", thousands, unit,
              [&] { launch_kernel(five_shuffles, blocks, threads, 0, nullptr, y.p); });
  const int n = 256;
  Buffer<float> a(uniform(n * n)), c(n * n);
  Buffer<bfloat16> h(std::vector<bfloat16>(n * n, bfloat16{0}));
  const double giga = 2e-9 * n * n * n;
  time_blocks("tiled product", giga, "GFLOP/s", [&] {
    launch_kernel(tiled_product<Fault::none>, dim3(n / 32, n / 32), threads, 0, nullptr, n, n, a.p, a.p, c.p);
  });
  time_blocks("ring product", giga, "GFLOP/s", [&] {
    launch_kernel(ring_product<Fault::none>, dim3(n / tile, n / tile), 128, ring_bytes, nullptr, n, n, h.p,
                  h.p, c.p);
  });
  return compare({}, {}, 0);
}

}  // namespace

const std::vector<Scenario> speeds = {{"speeds", run_speeds}};

}  // namespace scenario
