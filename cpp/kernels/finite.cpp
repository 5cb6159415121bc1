#include "kernels/finite.h"

#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

// x 0 is 0 for a finite number and NaN otherwise; four sums of such are under way at once. Blocks, so that a
// bad number near the front ends the search.
template <class T> bool all(const T* x, int64_t n) {
  constexpr int64_t chains = 4, block = 64 * chains * lanes<T>;
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = begin + block < n ? begin + block : n;
    Vec<T> bad[chains] = {};
    int64_t i = begin;
    for (; i + chains * lanes<T> <= end; i += chains * lanes<T>)
#pragma GCC unroll 4
      for (int64_t c = 0; c < chains; c++) bad[c] = fmadd(load(x + i + c * lanes<T>), zero<T>(), bad[c]);
    for (; i + lanes<T> <= end; i += lanes<T>) bad[0] = fmadd(load(x + i), zero<T>(), bad[0]);
    if (i < end) bad[1] = fmadd(load(x + i, first<T>(end - i)), zero<T>(), bad[1]);
    if (any<T>((bad[0] + bad[1]) + (bad[2] + bad[3]) != zero<T>())) return false;
  }
  return true;
}

template <class T> void fill_all(FiniteKernels<T>& k) { k.all = all<T>; }

}  // namespace

void fill(FiniteKernels<float>& k) { fill_all(k); }
void fill(FiniteKernels<double>& k) { fill_all(k); }

}  // namespace strate::STRATE_ISA
