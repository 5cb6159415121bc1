#include "kernels/local_response_norm.h"

#include "kernels/columns.h"
#include "simd/math.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> STRATE_INLINE void clear_margins(T* padded, int64_t channels, int64_t half) {
  for (int64_t i = 0; i < half; i++) padded[i] = padded[half + channels + i] = 0;
}

template <class T> STRATE_INLINE void write_squares(T* padded, const T* x, int64_t channels, int64_t half) {
  for_columns<T, 1>(channels, [&]<int, bool partial>(int64_t c, First<T> f) {
    const Vec<T> v = load_first<T, partial>(x + c, f);
    store_first<T, partial>(padded + half + c, v * v, f);
  });
}

template <class T, bool partial> STRATE_INLINE Vec<T> window_sum(const T* padded, int64_t half, First<T> f) {
  Vec<T> sum = load_first<T, partial>(padded, f);
  for (int64_t i = 1; i <= 2 * half; i++) sum += load_first<T, partial>(padded + i, f);
  return sum;
}

// k + alpha sum.
template <class T> STRATE_INLINE Vec<T> denominator(Vec<T> sum, ResponseSettings<T> s) {
  return fmadd(sum, broadcast<T>(s.alpha), broadcast<T>(s.k));
}

template <class T> STRATE_INLINE Vec<T> power(Vec<T> base, T exponent) {
  return exp<T>(log<T>(base) * broadcast<T>(exponent));
}

template <class T>
void forward(T* y, const T* x, T* squares, int64_t rows, int64_t channels, ResponseSettings<T> s) {
  clear_margins(squares, channels, s.half);
  for (int64_t r = 0; r < rows; r++, y += channels, x += channels) {
    write_squares(squares, x, channels, s.half);
    for_columns<T, 1>(channels, [&]<int, bool partial>(int64_t c, First<T> f) {
      const Vec<T> d = denominator<T>(window_sum<T, partial>(squares + c, s.half, f), s);
      store_first<T, partial>(y + c, load_first<T, partial>(x + c, f) * power<T>(d, -s.beta), f);
    });
  }
}

// With d = k + alpha sum of squares: dx = dy d^-beta - 2 alpha beta x sum of (dy x d^(-beta - 1)), the sum
// over the channels whose windows see this one, which are its own window.
template <class T>
void backward(T* dx, const T* dy, const T* x, T* scratch, int64_t rows, int64_t channels,
              ResponseSettings<T> s) {
  T *squares = scratch, *shares = scratch + s.padded(channels);
  clear_margins(squares, channels, s.half);
  clear_margins(shares, channels, s.half);
  const Vec<T> factor = broadcast<T>(-2 * s.alpha * s.beta);
  for (int64_t r = 0; r < rows; r++, dx += channels, dy += channels, x += channels) {
    write_squares(squares, x, channels, s.half);
    for_columns<T, 1>(channels, [&]<int, bool partial>(int64_t c, First<T> f) {
      const Vec<T> d = denominator<T>(window_sum<T, partial>(squares + c, s.half, f), s);
      const Vec<T> direct = load_first<T, partial>(dy + c, f) * power<T>(d, -s.beta);
      store_first<T, partial>(dx + c, direct, f);
      store_first<T, partial>(shares + s.half + c, direct * load_first<T, partial>(x + c, f) / d, f);
    });
    for_columns<T, 1>(channels, [&]<int, bool partial>(int64_t c, First<T> f) {
      const Vec<T> sum = window_sum<T, partial>(shares + c, s.half, f);
      const Vec<T> direct = load_first<T, partial>(dx + c, f);
      store_first<T, partial>(dx + c, fmadd(load_first<T, partial>(x + c, f) * factor, sum, direct), f);
    });
  }
}

template <class T> void fill_part(LocalResponseNormKernels<T>& k) {
  k.forward = forward<T>;
  k.backward = backward<T>;
}

}  // namespace

void fill(LocalResponseNormKernels<float>& k) { fill_part(k); }
void fill(LocalResponseNormKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
