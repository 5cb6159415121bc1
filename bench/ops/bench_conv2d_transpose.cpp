// conv2d_transpose: GFLOP/s of forward and backward, counted as direct multiplications. Shapes: the decoders
// of U-Net and of small autoencoders.
#include "ops/conv2d_transpose.h"

#include <benchmark/benchmark.h>

#include "core/random.h"
#include "machine.h"

namespace strate {
namespace {

struct Layer {
  Tensor x, weight, bias, dy, dweight, dbias;
  Conv2d conv;
  Activation relu{"relu", 0};
};

Tensor filled(const Shape& shape, uint64_t stream) {
  Tensor t = empty(shape, DType::float32);
  fill_normal(t, 0, 1, 1, stream);
  return t;
}

// Arguments: images, side, channels, filters, kernel, stride.
Layer layer(const benchmark::State& state) {
  const int64_t n = state.range(0), side = state.range(1), c = state.range(2), f = state.range(3),
                k = state.range(4), s = state.range(5);
  const int order[] = {3, 0, 1, 2};
  Layer l{filled({n, side, side, c}, 1),
          filled({k, k, f, c}, 2).transpose(order),
          filled({f}, 3),
          Tensor(),
          zeros({k, k, f, c}, DType::float32).transpose(order),
          zeros({f}, DType::float32),
          Conv2d({s, s}, {0, 0, 0, 0}, {1, 1}, 1)};
  l.dy = filled(conv2d_transpose_shape(l.x.shape(), l.weight.shape(), l.conv, {0, 0}), 4);
  return l;
}

void report(benchmark::State& state, const Layer& l, double products) {
  const double depth = double(l.weight.count()) / double(l.weight.shape()[0]);
  const double done = 2 * products * double(l.x.count()) * depth * double(state.iterations()) / 1e9;
  state.counters["GFLOP/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["peak%"] =
      benchmark::Counter(100 * done / bench::peak_gflops(), benchmark::Counter::kIsRate);
}

void conv2d_transpose_forward(benchmark::State& state) {
  const Layer l = layer(state);
  const auto once = [&] { return conv2d_transpose_forward(l.x, l.weight, l.bias, l.conv, {0, 0}, l.relu); };
  once();  // its memory is new; later ones reuse it
  for (auto _ : state) benchmark::DoNotOptimize(once());
  report(state, l, 1);
}
void conv2d_transpose_backward(benchmark::State& state) {
  const Layer l = layer(state);
  const auto once = [&] {
    return conv2d_transpose_backward(l.dy, l.x, l.weight, Tensor(), l.conv, {0, 0}, Activation(), l.dweight,
                                     l.dbias, true);
  };
  once();
  for (auto _ : state) benchmark::DoNotOptimize(once());
  report(state, l, 2);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({4, 28, 512, 256, 2, 2})->Args({4, 112, 128, 64, 2, 2})->Args({64, 7, 32, 16, 3, 2});
  b->Args({64, 14, 16, 16, 3, 1})->ArgNames({"n", "side", "c", "filters", "k", "stride"});
  b->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(conv2d_transpose_forward)->Apply(shapes);
BENCHMARK(conv2d_transpose_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
