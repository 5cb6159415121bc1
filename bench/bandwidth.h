// What the benches of memory-bound ops share: filled tensors, and the figures of a run. GB/s counts the bytes
// that must move, once each; `copy%` is of the copy that this machine did in the same run.
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
  if (bytes >= 100 << 20)
    state.counters["copy%"] = benchmark::Counter(100 * done / copy_gigabytes(), benchmark::Counter::kIsRate);
  if (operations > 0)
    state.counters["GFLOP/s"] =
        benchmark::Counter(double(operations) * iterations / 1e9, benchmark::Counter::kIsRate);
}

}  // namespace strate::bench
