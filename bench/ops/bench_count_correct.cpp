// count_correct: rows of 10 and 1 000 classes.
#include "ops/count_correct.h"

#include "bandwidth.h"

namespace strate {
namespace {

void count_correct(benchmark::State& state) {
  const Tensor y = bench::filled({state.range(0), state.range(1)}),
               labels = zeros({state.range(0)}, DType::int64);
  for (auto _ : state) benchmark::DoNotOptimize(count_correct(y, labels));
  bench::report_bytes(state, y.bytes() + labels.bytes());
}
BENCHMARK(count_correct)
    ->Args({64, 10})
    ->Args({10000, 10})
    ->Args({4096, 1000})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
