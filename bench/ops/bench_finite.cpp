// finite: bandwidth of a search that finds nothing. Sizes: 205 MB, LeNet-5's parameters.
#include "ops/finite.h"

#include "bandwidth.h"

namespace strate {
namespace {

void all_finite(benchmark::State& state) {
  const Tensor x = bench::filled({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(all_finite(x));
  bench::report_bytes(state, x.bytes());
}
BENCHMARK(all_finite)->Arg(16 * 224 * 224 * 64)->Arg(61'706)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
