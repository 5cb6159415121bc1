// Right: what the threads of a block and a warp do together, and what blocks may.

#include "scenarios.h"
//
#include "kernels.h"

namespace scenario {

namespace {

// y[t] = votes over the block, the warp and half a warp, in one number.
__global__ void votes(float* y) {
  const int t = threadIdx.x;
  const unsigned half = t < 16 ? 0x0000ffffu : 0xffff0000u;
  const int odd = __syncthreads_count(t % 2), any = __syncthreads_or(t == 39),
            all = __syncthreads_and(t < 39);
  const unsigned ballot = __ballot_sync(~0u, t % 32 == 3);
  int first = 0, every = 0;
  if (t < 32) first = __any_sync(half, t == 2), every = __all_sync(half, t < 16);
  y[t] = float(odd + 100 * any + 200 * all + 400 * (ballot == 8) + 800 * first + 1600 * every);
}

// A block of 40: its second warp has 8 lanes, and votes without the others.
std::string run_votes() {
  Buffer<float> y(40);
  launch_kernel(votes, 1, 40, 0, nullptr, y.p);
  std::vector<float> expected(40);
  for (int t = 0; t < 40; t++) expected[t] = float(20 + 100 + 400 + 2400 * (t < 16));
  return compare(y.read(), expected, 0);
}

// y[t] = the shuffles of lane numbers, in the digits of one number.
__global__ void shuffles(double* y) {
  const int t = threadIdx.x;
  const double down = __shfl_down_sync(~0u, double(t), 3, 8), up = __shfl_up_sync(~0u, t, 1, 8);
  const double index = __shfl_sync(~0u, (long long)(t), 5, 16), butterfly = __shfl_xor_sync(~0u, float(t), 9);
  y[t] = down + 100 * up + 1e4 * index + 1e6 * butterfly;
}

std::string run_shuffles() {
  Buffer<double> y(32);
  launch_kernel(shuffles, 1, 32, 0, nullptr, y.p);
  std::vector<float> got, expected;
  const std::vector<double> values = y.read();
  for (int t = 0; t < 32; t++) {
    const int down = t % 8 + 3 < 8 ? t + 3 : t, up = t % 8 ? t - 1 : t, index = t / 16 * 16 + 5,
              butterfly = t ^ 9;
    got.push_back(float(values[t] - (down + 100.0 * up + 1e4 * index + 1e6 * butterfly)));
    expected.push_back(0);
  }
  return compare(got, expected, 0);
}

template <class T> __device__ T reversed(T value) {
  STRATE_SHARED(shared, T[32]);
  shared[threadIdx.x] = value;
  __syncthreads();
  return shared[31 - threadIdx.x];
}

// Both instantiations live in one block: their arrays must be two.
__global__ void two_instantiations(float* y) {
  const double far = reversed(double(threadIdx.x));
  const float near = reversed(float(threadIdx.x) * 100);
  y[blockIdx.x * 32 + threadIdx.x] = float(far) + near;
}

std::string run_two_instantiations() {
  Buffer<float> y(64);
  launch_kernel(two_instantiations, 2, 32, 0, nullptr, y.p);
  std::vector<float> expected(64);
  for (int t = 0; t < 64; t++) expected[t] = float((31 - t % 32) * 101);
  return compare(y.read(), expected, 0);
}

// The last block to finish adds up what the others left.
__global__ void sum_of_blocks(float* parts, unsigned* finished, float* total) {
  STRATE_SHARED(is_last, bool);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = float(blockIdx.x + 1);
    __threadfence();
    is_last = atomicAdd(finished, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!is_last || threadIdx.x) return;
  float sum = 0;
  for (unsigned i = 0; i < gridDim.x; i++) sum += parts[i];
  *total = sum;
}

std::string run_sum_of_blocks() {
  Buffer<float> parts(7), total(1);
  Buffer<unsigned> finished(std::vector<unsigned>{0});
  launch_kernel(sum_of_blocks, 7, 64, 0, nullptr, parts.p, finished.p, total.p);
  return compare(total.read(), {28.0f}, 0);
}

__global__ void atomics(int* integers, float* sum, double* precise) {
  atomicAdd(integers, 1);
  atomicMax(integers + 1, int(threadIdx.x));
  atomicOr(integers + 2, 1 << threadIdx.x % 8);
  atomicCAS(integers + 3, 0, 7);
  atomicAdd(sum, 0.5f);
  atomicAdd(precise, 0.25);
}

std::string run_atomics() {
  Buffer<int> integers(std::vector<int>(4));
  Buffer<float> sum(std::vector<float>(1));
  Buffer<double> precise(std::vector<double>(1));
  launch_kernel(atomics, 4, 64, 0, nullptr, integers.p, sum.p, precise.p);
  std::vector<float> got = sum.read();
  got.push_back(float(precise.read()[0]));
  for (int value : integers.read()) got.push_back(float(value));
  return compare(got, {128, 64, 256, 63, 255, 7}, 0);
}

// Copies of 4, 8 and 16 bytes of which only some are present.
__global__ void partial_copies(const float* x, float* y) {
  STRATE_SHARED(shared, float[8]);
  cp_async<16>(shared, x, 12);
  cp_async_commit();
  cp_async<8>(shared + 4, x + 4, 8);
  cp_async<4>(shared + 6, x + 6);
  cp_async<4>(shared + 7, x, 0);
  cp_async_commit();
  cp_async_wait<1>();
  y[8] = shared[2] + 10 * float(shared[4] != shared[4]);
  cp_async_wait<0>();
  for (int i = 0; i < 8; i++) y[i] = shared[i];
}

std::string run_partial_copies() {
  Buffer<float> x(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}), y(9);
  launch_kernel(partial_copies, 1, 1, 0, nullptr, x.p, y.p);
  return compare(y.read(), {1, 2, 3, 0, 5, 6, 7, 0, 13}, 0);
}

__global__ void larger(float* y) {
  y[0] = float(max(1.0, 2.5f)), y[1] = max(NAN, 1.0f), y[2] = min(3.0f, NAN), y[3] = float(min(4, 3u));
  y[4] = rsqrtf(4.0f), y[5] = float(__popc(7u) + __ffs(8) + __clz(1));
}

std::string run_numbers() {
  Buffer<float> y(6);
  launch_kernel(larger, 1, 1, 0, nullptr, y.p);
  return compare(y.read(), {2.5f, 1, 3, 3, 0.5f, 38}, 0);
}

}  // namespace

const std::vector<Scenario> correct_blocks = {
    {"block_sum", run_block_sum<Fault::none>},
    {"votes", run_votes},
    {"shuffles", run_shuffles},
    {"two_instantiations", run_two_instantiations},
    {"sum_of_blocks", run_sum_of_blocks},
    {"atomics", run_atomics},
    {"partial_copies", run_partial_copies},
    {"numbers", run_numbers},
};

}  // namespace scenario
