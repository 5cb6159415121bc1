#include "ops/finite.h"

#include "cuda/core/pack.h"

namespace strate::cuda {
namespace {

template <int V, class T> __global__ void find_kernel(int32_t* found, const T* x, int64_t n) {
  bool finite = true;
  for_packs<V>(n, [&]<int W>(int64_t i) {
    const Pack<T, W> pack = load_pack<W>(x + i);
    for (int k = 0; k < W; k++) finite &= is_finite(pack.at[k]);
  });
  if (!finite) atomicExch(found, 1);
}

template <class T> void find_other(int32_t* found, const T* x, int64_t n) {
  with_packs<T>(aligned(x),
                [&]<int V>() { launch("all_finite", find_kernel<V, T>, grid_of(n / V), found, x, n); });
}

__global__ void pass_on_kernel(Flag* to, const Flag* from) {
  if (raised(from)) raise(to);
}

void pass_on_flag(Flag* to, const Flag* from) {
  launch("pass_on_flag", pass_on_kernel, blocks_of(1, 1), to, from);
}

}  // namespace

void fill(FiniteCuda<float>& part) { part = {find_other<float>, pass_on_flag}; }
void fill(FiniteCuda<double>& part) { part = {find_other<double>, pass_on_flag}; }

}  // namespace strate::cuda
