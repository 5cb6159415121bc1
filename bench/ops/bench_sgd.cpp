// sgd: bandwidth of one step with momentum. Sizes: VGG-16's parameters, LeNet-5's.
#include "ops/sgd.h"

#include <algorithm>

#include "bandwidth.h"

namespace strate {
namespace {

void sgd(benchmark::State& state) {
  const Tensor theta = bench::filled({state.range(0)}), gradient = bench::filled(theta.shape(), 2);
  const Tensor velocity = bench::filled(theta.shape(), 3), hyper = empty({5}, DType::float64);
  const Tensor segments = empty({1, 3}, DType::int64);
  const double values[] = {1e-6, 0.9, 1e-4, 1, 1};
  const int64_t segment[] = {0, theta.count(), 1};
  std::copy_n(values, 5, hyper.data<double>());
  std::copy_n(segment, 3, segments.data<int64_t>());
  for (auto _ : state) sgd(theta, gradient, velocity, hyper, segments, false);
  // Scale and two limits of the gradient; decay, momentum and the step, a product and a sum each.
  constexpr int64_t operations = 3 + 3 * 2;
  bench::report_bytes(state, 5 * theta.bytes(), operations * theta.count());
}
BENCHMARK(sgd)->Arg(138'357'544)->Arg(61'706)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
