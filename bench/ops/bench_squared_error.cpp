// squared_error: bandwidth of loss and gradient. Shapes: a 205 MB output, 64 x 10, one number.
#include "ops/squared_error.h"

#include "bandwidth.h"

namespace strate {
namespace {

void squared_error(benchmark::State& state) {
  const Tensor y = bench::filled({state.range(0), state.range(1)}, 1), target = bench::filled(y.shape(), 2);
  for (auto _ : state) benchmark::DoNotOptimize(squared_error(y, target, 0.5, Reduction::mean));
  bench::report_bytes(state, 3 * y.bytes());
}
BENCHMARK(squared_error)
    ->Args({16, 224 * 224 * 64})
    ->Args({64, 10})
    ->Args({1, 1})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
