// up_sample2d: bandwidth of forward and backward. Shapes: a 205 MB result, a decoder's maps, one channel.
#include "ops/up_sample2d.h"

#include "bandwidth.h"

namespace strate {
namespace {

// Arguments: images, side, channels, bilinear.
Tensor input(const benchmark::State& state) {
  return bench::filled({state.range(0), state.range(1), state.range(1), state.range(2)});
}
UpSampleKind kind(const benchmark::State& state) {
  return state.range(3) ? UpSampleKind::bilinear : UpSampleKind::nearest;
}

void up_sample2d_forward(benchmark::State& state) {
  const Tensor x = input(state);
  const Tensor y = up_sample2d_forward(x, {2, 2}, kind(state));
  for (auto _ : state) benchmark::DoNotOptimize(up_sample2d_forward(x, {2, 2}, kind(state)));
  bench::report_bytes(state, x.bytes() + y.bytes());
}
void up_sample2d_backward(benchmark::State& state) {
  const Tensor x = input(state);
  const Tensor dy = up_sample2d_forward(x, {2, 2}, kind(state));
  for (auto _ : state) benchmark::DoNotOptimize(up_sample2d_backward(dy, {2, 2}, kind(state)));
  bench::report_bytes(state, x.bytes() + dy.bytes());
}

void shapes(benchmark::internal::Benchmark* b) {
  for (int64_t bilinear : {0, 1})
    b->Args({16, 112, 64, bilinear})->Args({16, 16, 128, bilinear})->Args({64, 14, 1, bilinear});
  b->ArgNames({"images", "side", "channels", "bilinear"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(up_sample2d_forward)->Apply(shapes);
BENCHMARK(up_sample2d_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
