// recurrent: GFLOP/s of the products of each cell, forward and back through time; `peak%` is of the
// multiply-adds that this machine did in the same run. Shapes (batch, time, inputs, units): a tagger, a
// character model, a medium word model.
#include "ops/recurrent.h"

#include <benchmark/benchmark.h>

#include "core/random.h"
#include "machine.h"

namespace strate {
namespace {

constexpr const char* cells[] = {"rnn_tanh", "lstm", "gru"};
constexpr int64_t gates[] = {1, 4, 3};

Tensor filled(const Shape& shape, uint64_t stream) {
  Tensor t = empty(shape, DType::float32);
  fill_normal(t, 0, 0.1, 1, stream);
  return t;
}

struct Layer {
  std::string cell;
  Tensor x, dy;
  RecurrentInputs inputs;
  RecurrentGradients gradients;
};

Layer layer(const benchmark::State& state) {
  const int64_t batch = state.range(1), time = state.range(2), in = state.range(3), units = state.range(4);
  const int64_t rows = gates[state.range(0)] * units;
  const int order[] = {1, 0};
  Layer l{cells[state.range(0)], filled({batch, time, in}, 1), filled({batch, time, units}, 2), {}, {}};
  l.inputs.weight = filled({in, rows}, 3).transpose(order);
  l.inputs.recurrent_weight = filled({units, rows}, 4).transpose(order);
  l.inputs.bias = filled({rows}, 5);
  if (l.cell == "gru") l.inputs.recurrent_bias = filled({rows}, 6);
  l.gradients.dweight = zeros({in, rows}, DType::float32).transpose(order);
  l.gradients.drecurrent_weight = zeros({units, rows}, DType::float32).transpose(order);
  l.gradients.dbias = zeros({rows}, DType::float32);
  return l;
}

void report(benchmark::State& state, double products) {
  const double terms = double(state.range(3) + state.range(4)) * double(state.range(4));
  const double flops = 2 * products * double(gates[state.range(0)] * state.range(1) * state.range(2)) * terms;
  const double done = flops * double(state.iterations()) / 1e9;
  state.counters["GFLOP/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["peak%"] =
      benchmark::Counter(100 * done / bench::peak_gflops(), benchmark::Counter::kIsRate);
}

void recurrent_forward(benchmark::State& state) {
  const Layer l = layer(state);
  for (auto _ : state) benchmark::DoNotOptimize(recurrent_forward(l.cell, l.x, l.inputs, true));
  report(state, 1);
}

void recurrent_backward(benchmark::State& state) {
  const Layer l = layer(state);
  const RecurrentForward made = recurrent_forward(l.cell, l.x, l.inputs, true);
  for (auto _ : state)
    benchmark::DoNotOptimize(recurrent_backward(l.cell, l.dy, made.saved, l.inputs.weight,
                                                l.inputs.recurrent_weight, Tensor(), l.gradients, true));
  report(state, 2);
}

void shapes(benchmark::internal::Benchmark* b) {
  for (int64_t cell : {0, 1, 2}) {
    b->Args({cell, 32, 40, 64, 128})->Args({cell, 64, 50, 128, 256})->Args({cell, 20, 35, 650, 650});
  }
  b->ArgNames({"cell", "batch", "time", "in", "units"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(recurrent_forward)->Apply(shapes);
BENCHMARK(recurrent_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
