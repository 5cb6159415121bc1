// local_response_norm: time per element of forward and backward. Shapes: AlexNet's two at batch 16.
#include "ops/local_response_norm.h"

#include "bandwidth.h"

namespace strate {
namespace {

const LocalResponseNorm paper(5, 2, 1e-4, 0.75);

void local_response_norm_forward(benchmark::State& state) {
  const Tensor x = bench::filled({state.range(0), state.range(1)});
  for (auto _ : state) benchmark::DoNotOptimize(local_response_norm_forward(x, paper));
  bench::report_bytes(state, 2 * x.bytes());
}
void local_response_norm_backward(benchmark::State& state) {
  const Tensor x = bench::filled({state.range(0), state.range(1)}), dy = bench::filled(x.shape(), 2);
  for (auto _ : state) benchmark::DoNotOptimize(local_response_norm_backward(dy, x, paper));
  bench::report_bytes(state, 3 * x.bytes());
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({16 * 55 * 55, 96})->Args({16 * 27 * 27, 256});
  b->ArgNames({"rows", "channels"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(local_response_norm_forward)->Apply(shapes);
BENCHMARK(local_response_norm_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
