#include "kernels/combine.h"

#include "simd/activation.h"
#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

template <CombineKind kind, class T> STRATE_INLINE Vec<T> joined(Vec<T> a, Vec<T> b) {
  if constexpr (kind == CombineKind::add) return a + b;
  else return a * b;
}

template <ActivationKind activation, class F> STRATE_INLINE void with_kind(CombineKind kind, F&& f) {
  if (kind == CombineKind::add) f.template operator()<CombineKind::add, activation>();
  else f.template operator()<CombineKind::multiply, activation>();
}

// Calls f.operator()<kind, activation>(), forward and backward.
template <class F> STRATE_INLINE void with_short_formula(CombineFormula formula, F&& f) {
  with_short_activation(formula.activation,
                        [&]<ActivationKind activation>() { with_kind<activation>(formula.kind, f); });
}
template <class F> STRATE_INLINE void with_formula(CombineFormula formula, F&& f) {
  with_activation(formula.activation,
                  [&]<ActivationKind activation>() { with_kind<activation>(formula.kind, f); });
}

// f(offset, partial, first lanes) for each register of n numbers.
template <class T, class F> STRATE_INLINE void for_registers(int64_t n, F&& f) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) f.template operator()<false>(i, First<T>{});
  if (i < n) f.template operator()<true>(i, first<T>(n - i));
}

template <CombineKind kind, ActivationKind activation, class T>
STRATE_INLINE void join(T* y, const T* a, const T* b, int64_t n, T slope) {
  for_registers<T>(n, [&]<bool partial>(int64_t i, First<T> f) {
    const Vec<T> z = joined<kind, T>(load_first<T, partial>(a + i, f), load_first<T, partial>(b + i, f));
    store_first<T, partial>(y + i, activate<activation, T>(z, slope), f);
  });
}

template <class T> void forward(T* y, const T* a, const T* b, int64_t n, CombineFormula formula) {
  with_short_formula(formula, [&]<CombineKind kind, ActivationKind activation>() {
    join<kind, activation, T>(y, a, b, n, T(formula.slope));
  });
}

template <class T>
void forward_spread(T* y, const T* a, const T* b, int64_t rows, int64_t length, CombineFormula formula) {
  with_short_formula(formula, [&]<CombineKind kind, ActivationKind activation>() {
    for (int64_t r = 0; r < rows; r++)
      join<kind, activation, T>(y + r * length, a + r * length, b, length, T(formula.slope));
  });
}

template <class T>
void backward(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, int64_t n,
              CombineFormula formula) {
  with_activation(formula.activation, [&]<ActivationKind activation>() {
    for_registers<T>(n, [&]<bool partial>(int64_t i, First<T> f) {
      const Vec<T> delta = activate_backward<activation, T>(
          load_first<T, partial>(dy + i, f), load_first<T, partial>(y + i, f), T(formula.slope));
      store_first<T, partial>(da + i, delta * load_first<T, partial>(b + i, f), f);
      store_first<T, partial>(db + i, delta * load_first<T, partial>(a + i, f), f);
    });
  });
}

// One register of maps, all rows. Sums of 64 rows are added up apart, so that the error does not grow with
// the size of the image.
template <CombineKind kind, ActivationKind activation, bool partial, class T>
STRATE_INLINE void column(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, int64_t rows,
                          int64_t stride, T slope, First<T> f) {
  Vec<T> total = zero<T>(), factor = zero<T>();
  if constexpr (kind == CombineKind::multiply) factor = load_first<T, partial>(b, f);
  for (int64_t begin = 0; begin < rows; begin += 64) {
    const int64_t end = begin + 64 < rows ? begin + 64 : rows;
    Vec<T> sum = zero<T>();
    for (int64_t i = begin * stride; i < end * stride; i += stride) {
      const Vec<T> delta = activate_backward<activation, T>(load_first<T, partial>(dy + i, f),
                                                            load_first<T, partial>(y + i, f), slope);
      if constexpr (kind == CombineKind::multiply) {
        store_first<T, partial>(da + i, delta * factor, f);
        sum = fmadd(delta, load_first<T, partial>(a + i, f), sum);
      } else {
        store_first<T, partial>(da + i, delta, f);
        sum += delta;
      }
    }
    total += sum;
  }
  store_first<T, partial>(db, total, f);
}

template <class T>
void backward_spread(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, int64_t rows,
                     int64_t length, int64_t stride, CombineFormula formula) {
  with_formula(formula, [&]<CombineKind kind, ActivationKind activation>() {
    for_registers<T>(length, [&]<bool partial>(int64_t i, First<T> f) {
      column<kind, activation, partial, T>(da + i, db + i, dy + i, y + i, a ? a + i : a, b ? b + i : b, rows,
                                           stride, T(formula.slope), f);
    });
  });
}

template <class T> void fill_part(CombineKernels<T>& k) {
  k.forward = forward<T>;
  k.forward_spread = forward_spread<T>;
  k.backward = backward<T>;
  k.backward_spread = backward_spread<T>;
}

}  // namespace

void fill(CombineKernels<float>& k) { fill_part(k); }
void fill(CombineKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
