#include "kernels/activation.h"

#include "simd/activation.h"
#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

// The last, partial register goes through the same formula, so the bits do not depend on where a range is
// cut.
template <class T, class F> STRATE_INLINE void map(T* y, const T* x, int64_t n, F f) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) store<T>(y + i, f(load(x + i)));
  if (i < n) store(y + i, f(load(x + i, first<T>(n - i))), first<T>(n - i));
}

template <class T> void forward(T* y, const T* x, int64_t n, ActivationKind kind, T slope) {
  with_activation(kind, [&]<ActivationKind k>() {
    map(y, x, n, [slope](Vec<T> v) { return activate<k, T>(v, slope); });
  });
}

template <class T> void backward(T* dx, const T* dy, const T* y, int64_t n, ActivationKind kind, T slope) {
  with_activation(kind, [&]<ActivationKind k>() {
    int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>)
      store<T>(dx + i, activate_backward<k, T>(load(dy + i), load(y + i), slope));
    if (i < n) {
      Vec<T> v = activate_backward<k, T>(load(dy + i, first<T>(n - i)), load(y + i, first<T>(n - i)), slope);
      store(dx + i, v, first<T>(n - i));
    }
  });
}

template <class T> void elementary(T* y, const T* x, int64_t n, Elementary function) {
  if (function == Elementary::exp) map(y, x, n, [](Vec<T> v) { return exp<T>(v); });
  else map(y, x, n, [](Vec<T> v) { return log<T>(v); });
}

template <class T> void fill_part(ActivationKernels<T>& k) {
  k.forward = forward<T>;
  k.backward = backward<T>;
  k.elementary = elementary<T>;
}

}  // namespace

void fill(ActivationKernels<float>& k) { fill_part(k); }
void fill(ActivationKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
