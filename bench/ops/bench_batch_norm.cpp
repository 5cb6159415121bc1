// batch_norm: bandwidth of forward and backward with ReLU fused, and of inference. Shapes: ResNet's first map
// at batch 16 (51 MB), its later ones, a narrow one and a dense layer's.
#include "ops/batch_norm.h"

#include "bandwidth.h"

namespace strate {
namespace {

const Activation relu("relu", 0);

// For each number: x - mean, its sum and that of its square; x - mean, a product, a sum, ReLU.
constexpr int64_t inference_operations = 4, forward_operations = 4 + inference_operations;
// dz is x - mean, a product, a sum, ReLU and its derivative, in both passes; two sums; then dx.
constexpr int64_t backward_operations = 2 * 5 + 3 + 4;

struct Operands {
  Tensor x, gamma, beta, mean, variance;
  explicit Operands(const benchmark::State& state) {
    const int64_t channels = state.range(1);
    x = bench::filled({state.range(0), channels});
    gamma = bench::filled({channels}, 2);
    beta = bench::filled({channels}, 3);
    mean = zeros({channels}, DType::float32);
    variance = empty({channels}, DType::float32);
    fill(variance, 1);
  }
  std::pair<Tensor, Tensor> forward(bool training) const {
    return batch_norm_forward(x, gamma, beta, mean, variance, BatchNorm(0.9, 1e-5, training), relu, Tensor());
  }
};

void batch_norm_forward(benchmark::State& state) {
  const Operands o(state);
  for (auto _ : state) benchmark::DoNotOptimize(o.forward(true));
  bench::report_bytes(state, 3 * o.x.bytes(), forward_operations * o.x.count());
}
void batch_norm_inference(benchmark::State& state) {
  const Operands o(state);
  for (auto _ : state) benchmark::DoNotOptimize(o.forward(false));
  bench::report_bytes(state, 2 * o.x.bytes(), inference_operations * o.x.count());
}
void batch_norm_backward(benchmark::State& state) {
  const Operands o(state);
  const auto [dy, statistics] = o.forward(true);
  const Tensor dgamma = zeros(o.gamma.shape(), DType::float32), dbeta = zeros(o.beta.shape(), DType::float32);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        batch_norm_backward(dy, o.x, statistics, o.gamma, o.beta, true, relu, dgamma, dbeta, true));
  bench::report_bytes(state, 5 * o.x.bytes(), backward_operations * o.x.count());
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({16 * 112 * 112, 64})->Args({16 * 28 * 28, 128})->Args({16 * 7 * 7, 512})->Args({64 * 28 * 28, 6});
  b->Args({64, 4096});
  b->ArgNames({"rows", "channels"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(batch_norm_forward)->Apply(shapes);
BENCHMARK(batch_norm_inference)->Apply(shapes);
BENCHMARK(batch_norm_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
