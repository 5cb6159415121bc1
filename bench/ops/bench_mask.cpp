// mask: bandwidth. Shapes: a 205 MB tensor under one row of a mask; the weights of LeNet-5's third layer.
#include "ops/mask.h"

#include "bandwidth.h"

namespace strate {
namespace {

void mask(benchmark::State& state) {
  const Tensor x = bench::filled({state.range(0), state.range(1)});
  const Tensor values = bench::filled({state.range(1)}, 2), y = bench::filled(x.shape());
  for (auto _ : state) benchmark::DoNotOptimize(mask(x, values, y));
  bench::report_bytes(state, 2 * x.bytes());
}
BENCHMARK(mask)->Args({1000, 51200})->Args({25, 96})->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
