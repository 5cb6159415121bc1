// gradient_norm: bandwidth of reading a gradient. Sizes: VGG-16's parameters, LeNet-5's.
#include "ops/gradient_norm.h"

#include <algorithm>

#include "bandwidth.h"

namespace strate {
namespace {

void gradient_norm(benchmark::State& state) {
  const Tensor gradient = bench::filled({state.range(0)});
  const Tensor segments = empty({1, 3}, DType::int64), scale = empty({1}, DType::float64);
  const int64_t segment[] = {0, gradient.count(), 1};
  std::copy_n(segment, 3, segments.data<int64_t>());
  for (auto _ : state) benchmark::DoNotOptimize(gradient_norm(gradient, segments, 1, scale));
  bench::report_bytes(state, gradient.bytes());
}
BENCHMARK(gradient_norm)->Arg(138'357'544)->Arg(61'706)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
