#include "kernels/squared_error.h"

#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

constexpr int width = lanes<double>;
template <class T> struct Narrow {
  typedef T Value __attribute__((vector_size(width * sizeof(T)), aligned(sizeof(T)), may_alias));
};

// As many numbers as fit a register of doubles: a difference of two floats is exact there, and their squares
// do not overflow.
template <class T>
STRATE_INLINE Vec<double> differences(T* dy, const T* y, const T* target, Vec<double> scale) {
  using V = typename Narrow<T>::Value;
  Vec<double> a = __builtin_convertvector(*reinterpret_cast<const V*>(y), Vec<double>);
  Vec<double> b = __builtin_convertvector(*reinterpret_cast<const V*>(target), Vec<double>);
  Vec<double> d = a - b;
  *reinterpret_cast<V*>(dy) = __builtin_convertvector(d * scale, V);
  return d;
}

template <class T> double sum(T* dy, const T* y, const T* target, int64_t n, double scale_) {
  const Vec<double> scale = broadcast<double>(scale_);
  Vec<double> sums[2] = {zero<double>(), zero<double>()};
  int64_t i = 0;
  for (; i + 2 * width <= n; i += 2 * width)
    for (int k = 0; k < 2; k++) {
      Vec<double> d = differences(dy + i + k * width, y + i + k * width, target + i + k * width, scale);
      sums[k] = fmadd(d, d, sums[k]);
    }
  for (; i < n; i += width) {
    const int64_t count = n - i < width ? n - i : width;
    T a[width] = {}, b[width] = {}, out[width];
    for (int64_t j = 0; j < count; j++) a[j] = y[i + j], b[j] = target[i + j];
    Vec<double> d = differences(out, a, b, scale);
    sums[0] = fmadd(d, d, sums[0]);
    for (int64_t j = 0; j < count; j++) dy[i + j] = out[j];
  }
  return sum_lanes<double>(sums[0] + sums[1]);
}

}  // namespace

void fill(SquaredErrorKernels<float>& k) { k.sum = sum<float>; }
void fill(SquaredErrorKernels<double>& k) { k.sum = sum<double>; }

}  // namespace strate::STRATE_ISA
