// global_average_pool2d: bandwidth of forward and backward. Shapes: a large map at batch 16 (205 MB),
// ResNet's last, one image.
#include "ops/global_average_pool2d.h"

#include "bandwidth.h"

namespace strate {
namespace {

Tensor input(const benchmark::State& state) {
  return bench::filled({state.range(0), state.range(1), state.range(1), state.range(2)});
}

void global_average_pool2d_forward(benchmark::State& state) {
  const Tensor x = input(state);
  for (auto _ : state) benchmark::DoNotOptimize(global_average_pool2d_forward(x));
  bench::report_bytes(state, x.bytes());
}
void global_average_pool2d_backward(benchmark::State& state) {
  const Tensor x = input(state), dy = global_average_pool2d_forward(x);
  for (auto _ : state) benchmark::DoNotOptimize(global_average_pool2d_backward(dy, x.shape()));
  bench::report_bytes(state, x.bytes());
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({16, 224, 64})->Args({64, 7, 2048})->Args({1, 56, 256});
  b->ArgNames({"images", "side", "channels"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(global_average_pool2d_forward)->Apply(shapes);
BENCHMARK(global_average_pool2d_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
