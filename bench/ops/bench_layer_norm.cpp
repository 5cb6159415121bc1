// layer_norm: bandwidth of forward and backward. Shapes: rows of a transformer's width (100 MB), short rows,
// one small batch.
#include "ops/layer_norm.h"

#include "bandwidth.h"

namespace strate {
namespace {

void layer_norm_forward(benchmark::State& state) {
  const int64_t length = state.range(1);
  const Tensor x = bench::filled({state.range(0), length}), gamma = bench::filled({length}, 2);
  for (auto _ : state) benchmark::DoNotOptimize(layer_norm_forward(x, gamma, gamma, 1e-5));
  bench::report_bytes(state, 2 * x.bytes());
}
void layer_norm_backward(benchmark::State& state) {
  const int64_t length = state.range(1);
  const Tensor x = bench::filled({state.range(0), length}), gamma = bench::filled({length}, 2);
  const auto [dy, statistics] = layer_norm_forward(x, gamma, gamma, 1e-5);
  const Tensor dgamma = zeros({length}, DType::float32), dbeta = zeros({length}, DType::float32);
  for (auto _ : state)
    benchmark::DoNotOptimize(layer_norm_backward(dy, x, statistics, gamma, dgamma, dbeta, true));
  bench::report_bytes(state, 3 * x.bytes());
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({32768, 768})->Args({100000, 64})->Args({64, 512});
  b->ArgNames({"rows", "length"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(layer_norm_forward)->Apply(shapes);
BENCHMARK(layer_norm_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
