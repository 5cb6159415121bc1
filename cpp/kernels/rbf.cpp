// The inputs are the parallel axis in both directions: codes and rows of x are contiguous along it. Forward,
// four codes share each load of x; backward, a register of x meets all codes and is written once.
#include "kernels/rbf.h"

#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

template <class T, int count, bool partial>
STRATE_INLINE void add_squares(Vec<T> (&sums)[count], const T* x, const T* codes, int64_t inputs,
                               First<T> f) {
  const Vec<T> v = load_first<T, partial>(x, f);
#pragma GCC unroll 4
  for (int i = 0; i < count; i++) {
    const Vec<T> d = v - load_first<T, partial>(codes + i * inputs, f);
    sums[i] = fmadd(d, d, sums[i]);
  }
}

template <class T, int count> STRATE_INLINE void distances(T* y, const T* x, const T* codes, int64_t inputs) {
  Vec<T> sums[count];
#pragma GCC unroll 4
  for (int i = 0; i < count; i++) sums[i] = zero<T>();
  int64_t j = 0;
  for (; j + lanes<T> <= inputs; j += lanes<T>)
    add_squares<T, count, false>(sums, x + j, codes + j, inputs, First<T>{});
  if (j < inputs) add_squares<T, count, true>(sums, x + j, codes + j, inputs, first<T>(inputs - j));
  for (int i = 0; i < count; i++) y[i] = -sum_lanes<T>(sums[i]);
}

template <class T>
void forward(T* y, const T* x, const T* codes, int64_t begin, int64_t end, int64_t units, int64_t inputs) {
  for (int64_t r = begin; r < end; r++) {
    int64_t i = 0;
    for (; i + 4 <= units; i += 4)
      distances<T, 4>(y + r * units + i, x + r * inputs, codes + i * inputs, inputs);
    for (; i < units; i++) distances<T, 1>(y + r * units + i, x + r * inputs, codes + i * inputs, inputs);
  }
}

template <class T, bool partial>
STRATE_INLINE void input_gradient(T* dx, const T* dy, const T* x, const T* codes, int64_t units,
                                  int64_t inputs, First<T> f) {
  const Vec<T> v = load_first<T, partial>(x, f);
  Vec<T> sum = zero<T>();
  for (int64_t i = 0; i < units; i++)
    sum = fmadd(broadcast<T>(dy[i]), v - load_first<T, partial>(codes + i * inputs, f), sum);
  store_first<T, partial>(dx, broadcast<T>(-2) * sum, f);
}

template <class T>
void backward(T* dx, const T* dy, const T* x, const T* codes, int64_t begin, int64_t end, int64_t units,
              int64_t inputs) {
  for (int64_t r = begin; r < end; r++) {
    const int64_t row = r * inputs;
    int64_t j = 0;
    for (; j + lanes<T> <= inputs; j += lanes<T>)
      input_gradient<T, false>(dx + row + j, dy + r * units, x + row + j, codes + j, units, inputs,
                               First<T>{});
    if (j < inputs)
      input_gradient<T, true>(dx + row + j, dy + r * units, x + row + j, codes + j, units, inputs,
                              first<T>(inputs - j));
  }
}

template <class T> void fill_part(RbfKernels<T>& k) {
  k.forward = forward<T>;
  k.backward = backward<T>;
}

}  // namespace

void fill(RbfKernels<float>& k) { fill_part(k); }
void fill(RbfKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
