#include "kernels/normalize.h"

#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

// A period of the channels is read register by register, so their number need not divide one.
template <bool centered, class T>
STRATE_INLINE void sweep(T* y, const T* x, int64_t n, const T* center, const T* scale, int64_t period) {
  for (int64_t begin = 0; begin < n; begin += period) {
    const int64_t count = n - begin < period ? n - begin : period;
    int64_t i = 0;
    for (; i + lanes<T> <= count; i += lanes<T>) {
      Vec<T> v = load(x + begin + i);
      if constexpr (centered) v -= load(center + i);
      store<T>(y + begin + i, v * load(scale + i));
    }
    if (i == count) continue;
    const First<T> rest = first<T>(count - i);
    Vec<T> v = load(x + begin + i, rest);
    if constexpr (centered) v -= load(center + i, rest);
    store(y + begin + i, v * load(scale + i, rest), rest);
  }
}

template <class T> void apply(T* y, const T* x, int64_t n, const T* center, const T* scale, int64_t period) {
  if (center) sweep<true>(y, x, n, center, scale, period);
  else sweep<false>(y, x, n, center, scale, period);
}

}  // namespace

void fill(NormalizeKernels<float>& k) { k.apply = apply<float>; }
void fill(NormalizeKernels<double>& k) { k.apply = apply<double>; }

}  // namespace strate::STRATE_ISA
