// adaptive: bandwidth of one step of Adam. Sizes: VGG-16's parameters, LeNet-5's.
#include "ops/adaptive.h"

#include <algorithm>

#include "bandwidth.h"

namespace strate {
namespace {

void adam(benchmark::State& state) {
  const Tensor theta = bench::filled({state.range(0)}), gradient = bench::filled(theta.shape(), 2);
  const Tensor moment = bench::filled(theta.shape(), 3), square = zeros(theta.shape(), DType::float32);
  const Tensor hyper = empty({8}, DType::float64), segments = empty({1, 3}, DType::int64);
  const double values[] = {1e-6, 0.9, 1e-4, 1, 1, 0.999, 1e-8, 0};
  const int64_t segment[] = {0, theta.count(), 1};
  std::copy_n(values, 8, hyper.data<double>());
  std::copy_n(segment, 3, segments.data<int64_t>());
  for (auto _ : state) adaptive(theta, gradient, moment, square, hyper, segments, AdaptiveKind::adam);
  bench::report_bytes(state, 7 * theta.bytes());
}
BENCHMARK(adam)->Arg(138'357'544)->Arg(61'706)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
