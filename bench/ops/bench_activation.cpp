// activation: bandwidth of forward and backward. Shapes: VGG-16's first maps at batch 16 (205 MB), LeNet-5's
// at batch 64 and 1; softmax on 10 and 1 000 classes.
#include "ops/activation.h"

#include "bandwidth.h"

namespace strate {
namespace {

Tensor input(const benchmark::State& state) { return bench::filled({state.range(1), state.range(2)}); }
Activation kind(const benchmark::State& state) {
  return Activation(activation_name(ActivationKind(state.range(0))), 0.01);
}

// One comparison for each number in ReLU; of a polynomial's operations the formula knows nothing.
int64_t operations(const Activation& activation, const Tensor& x) {
  return activation.kind == ActivationKind::relu ? x.count() : 0;
}

void activation_forward(benchmark::State& state) {
  const Activation activation = kind(state);
  const Tensor x = input(state);
  for (auto _ : state) benchmark::DoNotOptimize(activation_forward(x, activation));
  state.SetLabel(activation_name(activation.kind));
  bench::report_bytes(state, 2 * x.bytes(), operations(activation, x));
}
void activation_backward(benchmark::State& state) {
  const Activation activation = kind(state);
  const Tensor dy = input(state), y = activation_forward(dy, activation);
  for (auto _ : state) benchmark::DoNotOptimize(activation_backward(dy, y, activation));
  state.SetLabel(activation_name(activation.kind));
  bench::report_bytes(state, 3 * y.bytes(), operations(activation, y));
}

void shapes(benchmark::internal::Benchmark* b) {
  for (ActivationKind kind : {ActivationKind::relu, ActivationKind::sigmoid, ActivationKind::tanh})
    for (auto [rows, columns] : {std::pair{16 * 224 * 224, 64}, {64 * 28 * 28, 6}, {1, 84}})
      b->Args({int64_t(kind), rows, columns});
  for (auto [rows, columns] : {std::pair{64, 10}, {1, 10}, {4096, 1000}, {1 << 20, 10}})
    b->Args({int64_t(ActivationKind::softmax), rows, columns});
  b->ArgNames({"kind", "rows", "columns"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(activation_forward)->Apply(shapes);
BENCHMARK(activation_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
