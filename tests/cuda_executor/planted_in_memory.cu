// Faults in what a thread reads and writes.

#include "scenarios.h"
//
#include "kernels.h"

namespace scenario {

namespace {

constexpr int n = 128;

enum class Access { shared_past_end, global_past_end, misaligned };

template <Access access> __global__ void reads_and_writes(const float* x, float* y) {
  STRATE_SHARED(shared, float[n]);
  const int t = threadIdx.x;
  shared[t] = x[t];
  float* const row = shared;  // a pointer, so that only its memory has bounds
  if (access == Access::shared_past_end) row[t + 1] = x[t];
  if (access == Access::global_past_end) shared[t] = x[t + 1];
  if (access == Access::misaligned && t < n / 4 - 1) {
    const float4 four = *reinterpret_cast<const float4*>(x + 4 * t + 1);
    shared[t] = four.x;
  }
  __syncthreads();
  y[t] = shared[t];
}

template <Access access> std::string run_access() {
  const std::vector<float> x = uniform(n);
  Buffer<float> in(x), out(n);
  launch_kernel(reads_and_writes<access>, 1, n, 0, nullptr, in.p, out.p);
  out.read();
  return compare({}, {}, 0);
}

// The last block has threads past the end, whose memory belongs to the next tensor of the same allocation.
template <bool guarded> __global__ void doubled(int count, float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (!guarded || i < count) x[i] *= 2;
}

std::string run_missing_guard() {
  const int count = 100;
  std::vector<float> x = uniform(n);
  Buffer<float> in(x);
  launch_kernel(doubled<false>, 4, 32, 0, nullptr, count, in.p);
  for (int i = 0; i < count; i++) x[i] *= 2;
  return compare(in.read(), x, 0);
}

__global__ void misaligned_copy(const float* x) {
  STRATE_SHARED(shared, float[4]);
  cp_async<16>(shared, x + 1);
  cp_async_commit();
  cp_async_wait<0>();
}

std::string run_misaligned_copy() {
  Buffer<float> in(uniform(n));
  launch_kernel(misaligned_copy, 1, 1, 0, nullptr, in.p);
  cudaDeviceSynchronize();
  return compare({}, {}, 0);
}

__global__ void large_static(float* y) {
  STRATE_SHARED(shared, float[12289]);
  y[0] = shared[threadIdx.x];
}

std::string run_large_static() {
  Buffer<float> y(1);
  launch_kernel(large_static, 1, 32, 0, nullptr, y.p);
  cudaDeviceSynchronize();
  return compare({}, {}, 0);
}

std::string run_large_dynamic() {
  Buffer<float> y(1);
  launch_kernel(doubled<true>, 1, 32, 48 * 1024 + 1, nullptr, 1, y.p);
  return compare({}, {}, 0);
}

std::string run_large_block() {
  Buffer<float> y(1);
  launch_kernel(doubled<true>, 1, dim3(32, 33), 0, nullptr, 1, y.p);
  return compare({}, {}, 0);
}

std::string run_uninitialised() {
  Buffer<float> x(1);
  launch_kernel(doubled<true>, 1, 1, 0, nullptr, 1, x.p);
  return compare(x.read(), {0.0f}, 0);
}

}  // namespace

const std::vector<Scenario> planted_in_memory = {
    {"shared_off_by_one", run_access<Access::shared_past_end>},
    {"global_off_by_one", run_access<Access::global_past_end>},
    {"misaligned_float4", run_access<Access::misaligned>},
    {"missing_guard", run_missing_guard},
    {"misaligned_cp_async", run_misaligned_copy},
    {"too_much_static_shared", run_large_static},
    {"too_much_dynamic_shared", run_large_dynamic},
    {"too_many_threads", run_large_block},
    {"uninitialised_memory", run_uninitialised},
};

}  // namespace scenario
