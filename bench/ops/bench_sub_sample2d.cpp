// sub_sample2d: bandwidth of forward and backward. Shapes: a 205 MB image batch, LeNet-5's two layers.
#include "ops/sub_sample2d.h"

#include "bandwidth.h"

namespace strate {
namespace {

// Arguments: images, side, channels.
Tensor input(const benchmark::State& state) {
  return bench::filled({state.range(0), state.range(1), state.range(1), state.range(2)});
}
const Activation identity;

void sub_sample2d_forward(benchmark::State& state) {
  const Tensor x = input(state), weight = bench::filled({state.range(2)}, 2);
  const Tensor y = sub_sample2d_forward(x, weight, weight, {2, 2}, identity);
  for (auto _ : state) benchmark::DoNotOptimize(sub_sample2d_forward(x, weight, weight, {2, 2}, identity));
  bench::report_bytes(state, x.bytes() + y.bytes());
}
void sub_sample2d_backward(benchmark::State& state) {
  const Tensor x = input(state), weight = bench::filled({state.range(2)}, 2);
  const Tensor dweight = bench::filled({state.range(2)}), dbias = bench::filled({state.range(2)});
  const Tensor dy = sub_sample2d_forward(x, weight, weight, {2, 2}, identity);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        sub_sample2d_backward(dy, x, weight, Tensor(), {2, 2}, identity, dweight, dbias, true));
  bench::report_bytes(state, 2 * (x.bytes() + dy.bytes()));
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({16, 224, 64})->Args({64, 28, 6})->Args({64, 10, 16})->ArgNames({"images", "side", "channels"});
  b->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(sub_sample2d_forward)->Apply(shapes);
BENCHMARK(sub_sample2d_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
