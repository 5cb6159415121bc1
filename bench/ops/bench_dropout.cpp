// dropout: bandwidth, random numbers included. Shapes: a 205 MB map, AlexNet's head at batch 16, the MLP's at
// batch 64.
#include "ops/dropout.h"

#include "bandwidth.h"

namespace strate {
namespace {

Tensor random_state() {
  Tensor t = empty({2}, DType::int64);
  t.data<int64_t>()[0] = t.data<int64_t>()[1] = 1;
  return t;
}

void dropout_forward(benchmark::State& state) {
  const Tensor x = bench::filled({state.range(0)}), random = random_state();
  for (auto _ : state) benchmark::DoNotOptimize(dropout_forward(x, 0.5, random, 0));
  bench::report_bytes(state, 2 * x.bytes());
}
BENCHMARK(dropout_forward)
    ->Arg(16 * 224 * 224 * 64)
    ->Arg(16 * 4096)
    ->Arg(64 * 512)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
