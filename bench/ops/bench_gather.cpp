// gather: a batch of rows from bytes to float32, scaled. Shapes: MNIST, CIFAR, ImageNet crops; labels.
#include "ops/gather.h"

#include "bandwidth.h"

namespace strate {
namespace {

// Rows of the source that a batch takes, far apart.
Tensor scattered(int64_t batch, int64_t rows) {
  Tensor index = empty({batch}, DType::int64);
  for (int64_t i = 0; i < batch; i++) index.data<int64_t>()[i] = i * 7919 % rows;
  return index;
}

void gather_images(benchmark::State& state) {
  const Tensor source = zeros({state.range(0), state.range(2)}, DType::uint8);
  const Tensor index = scattered(state.range(1), state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(gather(source, index, 1.0 / 255, DType::float32));
  bench::report_bytes(state, 5 * state.range(1) * state.range(2));
}
BENCHMARK(gather_images)
    ->Args({60000, 64, 28 * 28})
    ->Args({50000, 64, 32 * 32 * 3})
    ->Args({2048, 256, 224 * 224 * 3})
    ->ArgNames({"source", "batch", "row"})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

void gather_labels(benchmark::State& state) {
  const Tensor source = zeros({60000}, DType::int64), index = scattered(64, 60000);
  for (auto _ : state) benchmark::DoNotOptimize(gather(source, index, 1, std::nullopt));
}
BENCHMARK(gather_labels)->Unit(benchmark::kNanosecond);

}  // namespace
}  // namespace strate
