#include "kernels/gradient_norm.h"

#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

constexpr int width = lanes<double>, chains = 4;

template <class T> STRATE_INLINE Vec<double> widened(const T* x) {
  typedef T Narrow __attribute__((vector_size(width * sizeof(T)), aligned(sizeof(T)), may_alias));
  return __builtin_convertvector(*reinterpret_cast<const Narrow*>(x), Vec<double>);
}

// Four sums side by side: one alone would wait for each addition.
template <class T> double squares(const T* x, int64_t n) {
  Vec<double> sums[chains] = {};
  int64_t i = 0;
  for (; i + chains * width <= n; i += chains * width)
    for (int k = 0; k < chains; k++) {
      Vec<double> v = widened(x + i + k * width);
      sums[k] = fmadd(v, v, sums[k]);
    }
  for (; i < n; i += width) {
    T rest[width] = {};
    for (int64_t j = 0; j < (n - i < width ? n - i : width); j++) rest[j] = x[i + j];
    Vec<double> v = widened(rest);
    sums[0] = fmadd(v, v, sums[0]);
  }
  return sum_lanes<double>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace

void fill(GradientNormKernels<float>& k) { k.squares = squares<float>; }
void fill(GradientNormKernels<double>& k) { k.squares = squares<double>; }

}  // namespace strate::STRATE_ISA
