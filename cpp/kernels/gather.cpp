#include "kernels/gather.h"

#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

// The compiler vectorises the casts; one multiplication, so there is nothing whose order could differ.
template <class T, class S>
void rows_of(T* __restrict out, const S* __restrict source, const int64_t* index, int64_t rows,
             int64_t length, T scale) {
  for (int64_t r = 0; r < rows; r++, out += length) {
    const S* from = source + index[r] * length;
    for (int64_t i = 0; i < length; i++) out[i] = T(from[i]) * scale;
  }
}

template <class T> void fill_part(GatherKernels<T>& k) {
  k.from_uint8 = rows_of<T, uint8_t>;
  k.from_int32 = rows_of<T, int32_t>;
  k.from_int64 = rows_of<T, int64_t>;
  k.from_float32 = rows_of<T, float>;
  k.from_float64 = rows_of<T, double>;
}

}  // namespace

void fill(GatherKernels<float>& k) { fill_part(k); }
void fill(GatherKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
