// max_pool2d: bandwidth of forward and backward. Shapes: VGG-16's first pooling at batch 16 (205 MB),
// AlexNet's overlapping ones, LeNet-5's at batch 64 and 1, a global one.
#include "ops/max_pool2d.h"

#include "bandwidth.h"

namespace strate {
namespace {

// Arguments: images, side, channels, window, stride.
Tensor input(const benchmark::State& state) {
  return bench::filled({state.range(0), state.range(1), state.range(1), state.range(2)});
}
Pool2d pool(const benchmark::State& state) {
  const int64_t w = state.range(3), s = state.range(4);
  return Pool2d({w, w}, {s, s}, {0, 0, 0, 0}, {1, 1}, false, false);
}

// Comparisons: of all values in a window with the largest so far, and of all pixels under it with the winner.
int64_t forward_operations(const benchmark::State& state, const Tensor& y) {
  return y.count() * (state.range(3) * state.range(3) - 1);
}
int64_t backward_operations(const benchmark::State& state, const Tensor& dy) {
  return dy.count() * state.range(3) * state.range(3);
}

void max_pool2d_forward(benchmark::State& state) {
  const Tensor x = input(state);
  const Pool2d p = pool(state);
  const auto [y, argmax] = max_pool2d_forward(x, p, true);
  for (auto _ : state) benchmark::DoNotOptimize(max_pool2d_forward(x, p, true));
  bench::report_bytes(state, x.bytes() + y.bytes() + argmax.bytes(), forward_operations(state, y));
}
void max_pool2d_predict(benchmark::State& state) {
  const Tensor x = input(state);
  const Pool2d p = pool(state);
  const Tensor y = max_pool2d_forward(x, p, false).first;
  for (auto _ : state) benchmark::DoNotOptimize(max_pool2d_forward(x, p, false));
  bench::report_bytes(state, x.bytes() + y.bytes(), forward_operations(state, y));
}
void max_pool2d_backward(benchmark::State& state) {
  const Tensor x = input(state);
  const Pool2d p = pool(state);
  const auto [dy, argmax] = max_pool2d_forward(x, p, true);
  for (auto _ : state) benchmark::DoNotOptimize(max_pool2d_backward(dy, argmax, x.shape(), p));
  bench::report_bytes(state, x.bytes() + dy.bytes() + argmax.bytes(), backward_operations(state, dy));
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({16, 224, 64, 2, 2})->Args({16, 55, 64, 3, 2})->Args({16, 27, 192, 3, 2})->Args({64, 28, 6, 2, 2});
  b->Args({64, 10, 16, 2, 2})->Args({1, 28, 6, 2, 2})->Args({64, 8, 64, 8, 8});
  b->ArgNames({"images", "side", "channels", "window", "stride"})
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}
BENCHMARK(max_pool2d_forward)->Apply(shapes);
BENCHMARK(max_pool2d_backward)->Apply(shapes);
BENCHMARK(max_pool2d_predict)->Apply(shapes);

}  // namespace
}  // namespace strate
