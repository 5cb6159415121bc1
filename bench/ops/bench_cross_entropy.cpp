// cross_entropy: loss and gradient from labels. Shapes: 10 classes at batch 64 and 1, 1 000 classes, pixels
// of a map.
#include "ops/cross_entropy.h"

#include "bandwidth.h"

namespace strate {
namespace {

void cross_entropy(benchmark::State& state) {
  const Tensor y = bench::filled({state.range(0), state.range(1)}),
               labels = empty({state.range(0)}, DType::int64);
  for (int64_t r = 0; r < labels.count(); r++) labels.data<int64_t>()[r] = r % state.range(1);
  const CrossEntropy settings;
  for (auto _ : state) benchmark::DoNotOptimize(cross_entropy(y, labels, settings));
  bench::report_bytes(state, 2 * y.bytes() + labels.bytes());
}
BENCHMARK(cross_entropy)
    ->Args({64, 10})
    ->Args({1, 10})
    ->Args({64, 1000})
    ->Args({4096, 1000})
    ->Args({1 << 20, 10})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
