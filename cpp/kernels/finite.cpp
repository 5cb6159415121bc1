#include "kernels/finite.h"

#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

// x - x is 0 for a finite number and NaN otherwise; blocks, so that a bad number near the front ends the
// search.
template <class T> bool all(const T* x, int64_t n) {
  constexpr int64_t block = 64 * lanes<T>;
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = begin + block < n ? begin + block : n;
    Mask<T> bad{};
    int64_t i = begin;
    for (; i + lanes<T> <= end; i += lanes<T>) {
      Vec<T> v = load(x + i);
      bad |= v - v != zero<T>();
    }
    if (i < end) {
      Vec<T> v = load(x + i, first<T>(end - i));
      bad |= v - v != zero<T>();
    }
    if (any<T>(bad)) return false;
  }
  return true;
}

}  // namespace

void fill(FiniteKernels<float>& k) { k.all = all<float>; }
void fill(FiniteKernels<double>& k) { k.all = all<double>; }

}  // namespace strate::STRATE_ISA
