// dense: GFLOP/s of forward, of each gradient, and of a large product; `peak%` is of the multiply-adds that
// this machine did in the same run. GB/s counts every operand once. Shapes: the MLP 784-512-256-10 and
// LeNet-5's head at batch 64 and 1.
#include <benchmark/benchmark.h>

#include "core/random.h"
#include "machine.h"
#include "ops/dense.h"

namespace strate {
namespace {

struct Layer {
  Tensor x, weight, bias, dy, y, dweight, dbias;
  Activation activation{"relu", 0};
};

Tensor filled(const Shape& shape, uint64_t stream) {
  Tensor t = empty(shape, DType::float32);
  fill_normal(t, 0, 1, 1, stream);
  return t;
}

Layer layer(const benchmark::State& state) {
  const int64_t rows = state.range(0), in = state.range(1), out = state.range(2);
  const int order[] = {1, 0};
  Layer l{filled({rows, in}, 1),
          filled({in, out}, 2).transpose(order),
          filled({out}, 3),
          filled({rows, out}, 4),
          Tensor(),
          zeros({in, out}, DType::float32).transpose(order),
          zeros({out}, DType::float32)};
  l.y = dense_forward(l.x, l.weight, l.bias, l.activation);
  return l;
}

void report(benchmark::State& state, const Layer& l) {
  const double flops = 2.0 * double(state.range(0)) * double(state.range(1)) * double(state.range(2));
  const double done = flops * double(state.iterations()) / 1e9;
  state.counters["GFLOP/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["peak%"] =
      benchmark::Counter(100 * done / bench::peak_gflops(), benchmark::Counter::kIsRate);
  const double bytes = double(l.x.bytes() + l.weight.bytes() + l.bias.bytes() + l.dy.bytes());
  state.counters["GB/s"] =
      benchmark::Counter(bytes * double(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

void dense_forward(benchmark::State& state) {
  const Layer l = layer(state);
  for (auto _ : state) benchmark::DoNotOptimize(dense_forward(l.x, l.weight, l.bias, l.activation));
  report(state, l);
}
void dense_weight(benchmark::State& state) {
  const Layer l = layer(state);
  const Activation identity;
  const auto once = [&] { dense_backward(l.dy, l.x, l.weight, l.y, identity, l.dweight, l.dbias, false); };
  once();  // its memory is new; later ones reuse it
  for (auto _ : state) once();
  report(state, l);
}
void dense_input(benchmark::State& state) {
  const Layer l = layer(state);
  const Activation identity;
  const Tensor none;
  const auto once = [&] { return dense_backward(l.dy, l.x, l.weight, l.y, identity, none, none, true); };
  once();
  for (auto _ : state) benchmark::DoNotOptimize(once());
  report(state, l);
}

void shapes(benchmark::internal::Benchmark* b) {
  for (int64_t rows : {64, 1})
    for (auto [in, out] : {std::pair{784, 512}, {512, 256}, {256, 10}, {400, 120}, {120, 84}, {84, 10}})
      b->Args({rows, in, out});
  b->Args({64, 4096, 4096})->Args({1024, 1024, 1024})->Args({2048, 2048, 2048});
  b->ArgNames({"rows", "in", "out"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(dense_forward)->Apply(shapes);
BENCHMARK(dense_weight)->Apply(shapes);
BENCHMARK(dense_input)->Apply(shapes);

}  // namespace
}  // namespace strate
