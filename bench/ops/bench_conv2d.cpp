// conv2d: GFLOP/s of forward and of each gradient, counted as direct multiplications; `peak%` is of the
// multiply-adds that this machine did in the same run. GB/s counts every operand once. Shapes: LeNet-5, CIFAR
// ResNets, AlexNet's first two layers, VGG-16.
#include <benchmark/benchmark.h>

#include "core/random.h"
#include "machine.h"
#include "ops/conv2d.h"

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

// Arguments: images, side, channels, filters, kernel, stride, padding.
Layer layer(const benchmark::State& state) {
  const int64_t n = state.range(0), side = state.range(1), c = state.range(2), f = state.range(3),
                k = state.range(4);
  const int64_t s = state.range(5), p = state.range(6);
  const int order[] = {3, 0, 1, 2};
  Layer l{filled({n, side, side, c}, 1),
          filled({k, k, c, f}, 2).transpose(order),
          filled({f}, 3),
          Tensor(),
          zeros({k, k, c, f}, DType::float32).transpose(order),
          zeros({f}, DType::float32),
          Conv2d({s, s}, {p, p, p, p}, {1, 1}, 1)};
  l.dy = filled(conv2d_shape(l.x.shape(), l.weight.shape(), l.conv), 4);
  return l;
}

void report(benchmark::State& state, const Layer& l) {
  const double depth = double(l.weight.count()) / double(l.weight.shape()[0]);
  const double done = 2.0 * double(l.dy.count()) * depth * double(state.iterations()) / 1e9;
  state.counters["GFLOP/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["peak%"] =
      benchmark::Counter(100 * done / bench::peak_gflops(), benchmark::Counter::kIsRate);
  const double bytes = double(l.x.bytes() + l.weight.bytes() + l.bias.bytes() + l.dy.bytes());
  state.counters["GB/s"] =
      benchmark::Counter(bytes * double(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

void conv2d_forward(benchmark::State& state) {
  const Layer l = layer(state);
  conv2d_forward(l.x, l.weight, l.bias, l.conv, l.relu, Tensor());  // its memory is new; later ones reuse it
  for (auto _ : state)
    benchmark::DoNotOptimize(conv2d_forward(l.x, l.weight, l.bias, l.conv, l.relu, Tensor()));
  report(state, l);
}
void conv2d_weight(benchmark::State& state) {
  const Layer l = layer(state);
  const Activation identity;
  const auto once = [&] {
    conv2d_backward(l.dy, l.x, l.weight, Tensor(), l.conv, identity, l.dweight, l.dbias, false, Tensor(),
                    identity);
  };
  once();
  for (auto _ : state) once();
  report(state, l);
}
void conv2d_input(benchmark::State& state) {
  const Layer l = layer(state);
  const Activation identity;
  const Tensor none;
  const auto once = [&] {
    return conv2d_backward(l.dy, l.x, l.weight, none, l.conv, identity, none, none, true, none, identity);
  };
  once();
  for (auto _ : state) benchmark::DoNotOptimize(once());
  report(state, l);
}

void shapes(benchmark::internal::Benchmark* b) {
  for (int64_t n : {64, 1}) b->Args({n, 28, 1, 6, 5, 1, 2})->Args({n, 14, 6, 16, 5, 1, 0});
  b->Args({64, 32, 16, 16, 3, 1, 1})->Args({64, 16, 32, 32, 3, 1, 1})->Args({64, 8, 64, 64, 3, 1, 1});
  b->Args({16, 224, 3, 64, 11, 4, 2})->Args({16, 27, 64, 192, 5, 1, 2});
  b->Args({4, 224, 64, 64, 3, 1, 1})->Args({4, 56, 256, 256, 3, 1, 1})->Args({4, 14, 512, 512, 3, 1, 1});
  b->Args({16, 28, 256, 64, 1, 1, 0})->Args({16, 56, 64, 128, 3, 2, 1})->Args({16, 28, 256, 512, 3, 2, 1});
  b->ArgNames({"n", "side", "c", "filters", "k", "stride", "pad"})
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}
BENCHMARK(conv2d_forward)->Apply(shapes);
BENCHMARK(conv2d_weight)->Apply(shapes);
BENCHMARK(conv2d_input)->Apply(shapes);

}  // namespace
}  // namespace strate
