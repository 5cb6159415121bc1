// augment: a batch of images from bytes to float32, mirrored and moved. Shapes: MNIST, CIFAR, ImageNet crops.
#include "ops/augment.h"

#include "bandwidth.h"

namespace strate {
namespace {

void augment(benchmark::State& state) {
  const int64_t side = state.range(2), channels = state.range(3);
  const Tensor source = zeros({state.range(0), side, side, channels}, DType::uint8);
  const Tensor index = empty({state.range(1)}, DType::int64), random = zeros({2}, DType::int64);
  for (int64_t i = 0; i < index.count(); i++) index.data<int64_t>()[i] = i * 7919 % state.range(0);
  for (auto _ : state)
    benchmark::DoNotOptimize(augment(source, index, {true, 4}, random, 1.0 / 255, DType::float32));
  bench::report_bytes(state, 5 * index.count() * side * side * channels);
}
BENCHMARK(augment)
    ->Args({60000, 64, 28, 1})
    ->Args({50000, 128, 32, 3})
    ->Args({2048, 256, 224, 3})
    ->ArgNames({"source", "batch", "side", "channels"})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
