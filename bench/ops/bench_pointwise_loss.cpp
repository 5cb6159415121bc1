// pointwise_loss: bandwidth of loss and gradient, kind by kind. Shapes: a 205 MB output, 64 x 1.
#include "ops/pointwise_loss.h"

#include "bandwidth.h"

namespace strate {
namespace {

void pointwise_loss(benchmark::State& state, PointwiseLoss kind, double parameter) {
  const Tensor y = bench::filled({state.range(0), state.range(1)}, 1), target = bench::filled(y.shape(), 2);
  for (auto _ : state) benchmark::DoNotOptimize(pointwise_loss(y, target, kind, parameter, Reduction::mean));
  bench::report_bytes(state, 3 * y.bytes());
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Args({16, 224 * 224 * 64})->Args({64, 1})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK_CAPTURE(pointwise_loss, huber, PointwiseLoss::huber, 1)->Apply(sizes);
BENCHMARK_CAPTURE(pointwise_loss, binary, PointwiseLoss::binary_cross_entropy, 0)->Apply(sizes);
BENCHMARK_CAPTURE(pointwise_loss, hinge, PointwiseLoss::hinge, 0)->Apply(sizes);

}  // namespace
}  // namespace strate
