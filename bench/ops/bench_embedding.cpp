// embedding: rows of weights for the words of a batch, and their gradients added up. Shapes: (batch, time) of
// a tagger and of a language model; forward is bound by memory.
#include "ops/embedding.h"

#include "bandwidth.h"

namespace strate {
namespace {

// Words far apart in the vocabulary, some of them more than once.
Tensor words(int64_t count, int64_t vocabulary) {
  Tensor x = empty({count}, DType::int64);
  for (int64_t i = 0; i < count; i++) x.data<int64_t>()[i] = i * 7919 % vocabulary * (i % 3) / 2;
  return x;
}

void embedding_forward(benchmark::State& state) {
  const Tensor x = words(state.range(0), state.range(1)),
               weight = zeros({state.range(1), state.range(2)}, DType::float32);
  for (auto _ : state) benchmark::DoNotOptimize(embedding_forward(x, weight));
  bench::report_bytes(state, 8 * state.range(0) * state.range(2));
}

void embedding_backward(benchmark::State& state) {
  const Tensor x = words(state.range(0), state.range(1)),
               dy = zeros({state.range(0), state.range(2)}, DType::float32);
  const Tensor dweight = zeros({state.range(1), state.range(2)}, DType::float32);
  for (auto _ : state) embedding_backward(dy, x, dweight);
  bench::report_bytes(state, 4 * (state.range(0) + state.range(1)) * state.range(2));
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({32 * 40, 10000, 64})->Args({64 * 35, 10000, 650})->Args({64 * 100, 100, 32});
  b->ArgNames({"words", "vocabulary", "units"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(embedding_forward)->Apply(shapes);
BENCHMARK(embedding_backward)->Apply(shapes);

}  // namespace
}  // namespace strate
