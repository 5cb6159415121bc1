// normalize: bandwidth of channels by constants. Shapes: ImageNet crops, CIFAR, MNIST.
#include "ops/normalize.h"

#include "bandwidth.h"

namespace strate {
namespace {

void normalize(benchmark::State& state) {
  const Tensor x = bench::filled({state.range(0), state.range(1), state.range(1), state.range(2)});
  const Tensor mean = bench::filled({state.range(2)}, 2), deviation = bench::filled({state.range(2)}, 3);
  for (auto _ : state) benchmark::DoNotOptimize(normalize_forward(x, mean, deviation));
  bench::report_bytes(state, 2 * x.bytes());
}
BENCHMARK(normalize)
    ->Args({256, 224, 3})
    ->Args({128, 32, 3})
    ->Args({64, 28, 1})
    ->ArgNames({"batch", "side", "channels"})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
