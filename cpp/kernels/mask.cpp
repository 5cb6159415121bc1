#include "kernels/mask.h"

#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> void rows(T* y, const T* x, const T* mask, int64_t rows, int64_t length) {
  for (int64_t r = 0; r < rows; r++, x += length, y += length) {
    int64_t i = 0;
    for (; i + lanes<T> <= length; i += lanes<T>)
      store<T>(y + i, select<T>(load(mask + i) != zero<T>(), load(x + i), zero<T>()));
    if (i == length) continue;
    const First<T> rest = first<T>(length - i);
    store(y + i, select<T>(load(mask + i, rest) != zero<T>(), load(x + i, rest), zero<T>()), rest);
  }
}

}  // namespace

void fill(MaskKernels<float>& k) { k.rows = rows<float>; }
void fill(MaskKernels<double>& k) { k.rows = rows<double>; }

}  // namespace strate::STRATE_ISA
