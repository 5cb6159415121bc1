// rbf: time and rate of forward and backward. Shapes: LeNet-5's output at batches of 1, 32 and 1024, and one
// with many codes.
#include "ops/rbf.h"

#include "bandwidth.h"

namespace strate {
namespace {

void rate(benchmark::State& state) {
  const double sums = double(state.range(0)) * double(state.range(1)) * double(state.range(2));
  state.counters["Gmac/s"] =
      benchmark::Counter(sums * double(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

void rbf_forward(benchmark::State& state) {
  const Tensor x = bench::filled({state.range(0), state.range(2)}),
               codes = bench::filled({state.range(1), state.range(2)}, 2);
  for (auto _ : state) benchmark::DoNotOptimize(rbf_forward(x, codes));
  rate(state);
}
void rbf_backward(benchmark::State& state) {
  const Tensor x = bench::filled({state.range(0), state.range(2)}),
               codes = bench::filled({state.range(1), state.range(2)}, 2);
  const Tensor dy = rbf_forward(x, codes);
  for (auto _ : state) benchmark::DoNotOptimize(rbf_backward(dy, x, codes));
  rate(state);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({1, 10, 84})->Args({32, 10, 84})->Args({1024, 10, 84})->Args({1024, 256, 512});
  b->ArgNames({"rows", "units", "inputs"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(rbf_forward)->Apply(shapes);
BENCHMARK(rbf_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
