// What the benches of memory-bound ops share: filled tensors, and the figures of a run. GB/s counts the bytes
// that must move, once each; `copy` is what this machine copied right afterwards, in GB/s, and `copy%` the
// share of it: on a machine that is shared with others the bandwidth of memory changes by half within
// minutes.
#pragma once

#include <benchmark/benchmark.h>

#include "core/random.h"
#include "core/tensor.h"
#include "machine.h"

namespace strate::bench {

inline Tensor filled(const Shape& shape, uint64_t stream = 1) {
  Tensor t = empty(shape, DType::float32);
  fill_uniform(t, -1, 1, 1, stream);
  return t;
}

// bytes: read plus written by one iteration. Small problems live in cache, where a share of the copy says
// nothing. operations: additions, multiplications and comparisons that the formula asks for; 0 where it does
// not say how many, as with an exponential.
inline void report_bytes(benchmark::State& state, int64_t bytes, int64_t operations = 0) {
  const double iterations = double(state.iterations()), done = double(bytes) * iterations / 1e9;
  state.counters["GB/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  if (bytes >= 100 << 20) {
    const double copy = copy_gigabytes().median;
    state.counters["copy"] = copy;
    state.counters["copy%"] = benchmark::Counter(100 * done / copy, benchmark::Counter::kIsRate);
  }
  if (operations > 0)
    state.counters["GFLOP/s"] =
        benchmark::Counter(double(operations) * iterations / 1e9, benchmark::Counter::kIsRate);
}

}  // namespace strate::bench
