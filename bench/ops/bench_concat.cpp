// concat: bandwidth of both ways. Shapes: GoogLeNet's first inception block at batch 64 (206 MB) and 1.
#include "ops/concat.h"

#include "bandwidth.h"

namespace strate {
namespace {

void concat_forward(benchmark::State& state) {
  std::vector<Tensor> xs;
  for (int64_t maps : {64, 128, 32, 32}) xs.push_back(bench::filled({state.range(0), 56, 56, maps}));
  int64_t bytes = 0;
  for (const Tensor& x : xs) bytes += 2 * x.bytes();
  for (auto _ : state) benchmark::DoNotOptimize(concat_forward(xs));
  bench::report_bytes(state, bytes);
}
void concat_backward(benchmark::State& state) {
  const Tensor dy = bench::filled({state.range(0), 56, 56, 256});
  for (auto _ : state) benchmark::DoNotOptimize(concat_backward(dy, {64, 128, 32, 32}));
  bench::report_bytes(state, 2 * dy.bytes());
}
BENCHMARK(concat_forward)->Arg(64)->Arg(1)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(concat_backward)->Arg(64)->Arg(1)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace strate
