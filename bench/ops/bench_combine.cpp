// combine: bandwidth of sums with ReLU and of products with one number for each map. Shapes: ResNet-50's
// first stage at batch 16 (206 MB), CIFAR's ResNet-20 at batch 64, one image of it.
#include "ops/combine.h"

#include "bandwidth.h"

namespace strate {
namespace {

const Combine sum("add", Activation("relu", 0)), product("multiply", Activation());

Shape shape_of(const benchmark::State& state) {
  return {state.range(0), state.range(1), state.range(1), state.range(2)};
}

void combine_sum(benchmark::State& state) {
  const Tensor a = bench::filled(shape_of(state)), b = bench::filled(shape_of(state), 2);
  for (auto _ : state) benchmark::DoNotOptimize(combine_forward(a, b, sum));
  bench::report_bytes(state, 3 * a.bytes());
}
void combine_product_spread(benchmark::State& state) {
  const Tensor a = bench::filled(shape_of(state)), b = bench::filled({state.range(0), 1, 1, state.range(2)});
  for (auto _ : state) benchmark::DoNotOptimize(combine_forward(a, b, product));
  bench::report_bytes(state, 2 * a.bytes());
}
void combine_product_spread_backward(benchmark::State& state) {
  const Tensor a = bench::filled(shape_of(state)), b = bench::filled({state.range(0), 1, 1, state.range(2)});
  for (auto _ : state) benchmark::DoNotOptimize(combine_backward(a, a, a, b, b.shape(), product));
  bench::report_bytes(state, 3 * a.bytes());  // dy, a and da; y is read only where there is an activation
}

void shapes(benchmark::internal::Benchmark* b) {
  for (auto [images, side, maps] : {std::tuple{16, 112, 256}, {64, 32, 16}, {1, 32, 16}})
    b->Args({images, side, maps});
  b->ArgNames({"images", "side", "maps"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(combine_sum)->Apply(shapes);
BENCHMARK(combine_product_spread)->Apply(shapes);
BENCHMARK(combine_product_spread_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
