// Faults in how the threads of a block work together.

#include "scenarios.h"
//
#include "kernels.h"

namespace scenario {

namespace {

// Every thread writes what its neighbour also writes, the same value: no result shows it.
__global__ void same_value_race(const float* x, float* y) {
  STRATE_SHARED(shared, float[128]);
  const int t = threadIdx.x;
  shared[t] = x[t];
  shared[(t + 1) % 128] = x[(t + 1) % 128];
  __syncthreads();
  y[t] = shared[t];
}

std::string run_same_value_race() {
  const std::vector<float> x = uniform(128);
  Buffer<float> in(x), out(128);
  launch_kernel(same_value_race, 1, 128, 0, nullptr, in.p, out.p);
  return compare(out.read(), x, 0);
}

// Each block adds to the one total without an atomic: no order shows it, blocks do not interleave.
__global__ void race_between_blocks(float* total) {
  if (threadIdx.x == 0) *total += 1.0f;
}

std::string run_race_between_blocks() {
  Buffer<float> total(std::vector<float>{0.0f});
  launch_kernel(race_between_blocks, 4, 32, 0, nullptr, total.p);
  return compare(total.read(), {4.0f}, 0);
}

// A lane that the mask does not name.
__global__ void foreign_lane(float* y) {
  y[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, float(threadIdx.x), 1);
}

std::string run_foreign_lane() {
  Buffer<float> y(32);
  launch_kernel(foreign_lane, 1, 32, 0, nullptr, y.p);
  return compare(y.read(), {}, 0);
}

}  // namespace

const std::vector<Scenario> planted_in_blocks = {
    {"missing_barrier", run_tiled_product<Fault::no_barrier>},
    {"missing_barrier_after_wait", run_ring_product<Fault::no_barrier>},
    {"divergent_barrier", run_block_sum<Fault::divergent_barrier>},
    {"divergent_shuffle", run_block_sum<Fault::divergent_shuffle>},
    {"exit_before_barrier", run_block_sum<Fault::early_exit>},
    {"wrong_wait_depth", run_ring_product<Fault::wrong_depth>},
    {"same_value_race", run_same_value_race},
    {"race_between_blocks", run_race_between_blocks},
    {"foreign_lane", run_foreign_lane},
};

}  // namespace scenario
