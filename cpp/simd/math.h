// exp, log, tanh and sigmoid of a register. Our own polynomials: libm picks its variant by processor, and a
// network must give the same bits on every machine that runs one instruction set. Largest error in units in
// the last place over the whole range, float32 and float64, with and without fused multiply-add
// (tests/test_math.py asserts it): exp 1.25, log 1, tanh 3, sigmoid 3. exp underflows gradually to 0 and
// overflows to infinity; log of 0 is -infinity, of a negative number NaN; NaN gives NaN everywhere; tanh and
// sigmoid reach their limits and keep tiny values and the sign of zero. The square root is the machine's,
// rounded exactly.
#pragma once

#include "simd/vec.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace strate::STRATE_ISA {

template <class T> struct FloatFormat;
template <> struct FloatFormat<float> {
  typedef uint32_t Bits __attribute__((vector_size(register_bytes)));
  static constexpr int mantissa = 23, bias = 127;
  static constexpr float round = 0x1.8p23f, least_normal = 0x1p-126f;
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;  // n * ln2_high is exact
  static constexpr float exp_least = -104, exp_most = 89;
  static constexpr uint32_t sqrt_half = 0x3f3504f3;
};
template <> struct FloatFormat<double> {
  typedef uint64_t Bits __attribute__((vector_size(register_bytes)));
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double round = 0x1.8p52, least_normal = 0x1p-1022;
  static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double exp_least = -746, exp_most = 710;
  static constexpr uint64_t sqrt_half = 0x3fe6a09e667f3bcd;
};
template <class T> using Bits = typename FloatFormat<T>::Bits;

template <class T> STRATE_INLINE Bits<T> bits_of(Vec<T> v) { return reinterpret_cast<Bits<T>>(v); }
template <class T> STRATE_INLINE Vec<T> from_bits(Bits<T> b) { return reinterpret_cast<Vec<T>>(b); }
template <class T> STRATE_INLINE Bits<T> sign_bit() { return bits_of<T>(broadcast<T>(T(-0.0))); }

template <class T, int N> STRATE_INLINE Vec<T> polynomial(Vec<T> x, const T (&terms)[N]) {
  Vec<T> sum = broadcast<T>(terms[N - 1]);
#pragma GCC unroll 16
  for (int i = N - 2; i >= 0; i--) sum = fmadd(sum, x, broadcast<T>(terms[i]));
  return sum;
}

// Minimax on |r| <= ln(2) / 2: (e^r - 1 - r) / r^2, relative error of e^r - 1 1.3e-8 / 2.6e-19.
constexpr float exp_terms_float[] = {0.5f, 0x1.5554bp-3f, 0x1.555488p-5f, 0x1.1227e4p-7f, 0x1.6d98e4p-10f};
constexpr double exp_terms_double[] = {0.5,
                                       0.16666666666666677,
                                       0.0416666666666667,
                                       0.008333333333321648,
                                       0.0013888888888866906,
                                       0.0001984126988608544,
                                       2.480158736044024e-05,
                                       2.755724424962153e-06,
                                       2.7557242848846404e-07,
                                       2.5109022893984666e-08,
                                       2.0924417840501376e-09};
// Minimax on z = s^2, |s| <= (sqrt(2) - 1) / (sqrt(2) + 1): (2 atanh(s) / s - 2) / z, error 1.6e-9 / 2.5e-18.
constexpr float log_terms_float[] = {0.66666776f, 0.39977533f, 0.29871997f};
constexpr double log_terms_double[] = {0.6666666666666734,  0.3999999999941396,  0.28571428742563176,
                                       0.22222198553703656, 0.18183565410598737, 0.15314021050676507,
                                       0.1479626170853095};

// x = n ln 2 + r. The exponent n as an integer (in two's complement), and e^r - 1 = r + r^2 P(r).
template <class T> struct ReducedExp {
  Bits<T> exponent;
  Vec<T> expm1;
};
template <class T> STRATE_INLINE ReducedExp<T> reduce_exp(Vec<T> x) {
  using F = FloatFormat<T>;
  const Vec<T> round = broadcast<T>(F::round);
  Vec<T> shifted =
      fmadd(x, broadcast<T>(T(0x1.71547652b82fep0)), round);  // x / ln 2, rounded in the low bits
  Vec<T> n = shifted - round;
  Vec<T> r = fmadd(n, broadcast<T>(-F::ln2_low), fmadd(n, broadcast<T>(-F::ln2_high), x));
  Vec<T> p;
  if constexpr (sizeof(T) == 4) p = polynomial<T>(r, exp_terms_float);
  else p = polynomial<T>(r, exp_terms_double);
  return {bits_of<T>(shifted) - bits_of<T>(round), fmadd(r * r, p, r)};
}

// 2^n in two factors, because n reaches past the exponents of normal numbers at both ends.
template <class T> STRATE_INLINE Vec<T> exp(Vec<T> x) {
  using F = FloatFormat<T>;
  x = x < broadcast<T>(F::exp_least) ? broadcast<T>(F::exp_least) : x;
  x = x > broadcast<T>(F::exp_most) ? broadcast<T>(F::exp_most) : x;
  ReducedExp<T> e = reduce_exp<T>(x);
  Bits<T> n = e.exponent + 2 * (F::bias + 1), half = n >> 1;  // positive, so that shifting halves it
  Vec<T> first = from_bits<T>((half - 1) << F::mantissa),
         second = from_bits<T>((n - half - 1) << F::mantissa);
  return (e.expm1 + broadcast<T>(1)) * first * second;
}

template <class T> STRATE_INLINE Vec<T> log(Vec<T> x) {
  using F = FloatFormat<T>;
  const Vec<T> one = broadcast<T>(1), zero{};
  const T lift = T(int64_t(1) << (F::mantissa + 1));
  auto tiny = x < broadcast<T>(F::least_normal);
  Vec<T> scaled = tiny ? x * broadcast<T>(lift) : x;
  // scaled = 2^k m with m in [sqrt(1/2), sqrt(2)); k comes out as a number by or-ing it under the bits of
  // `whole`.
  const auto one_bits = bits_of<T>(one)[0];
  Bits<T> b = bits_of<T>(scaled) + (one_bits - F::sqrt_half);
  const Vec<T> whole = broadcast<T>(T(int64_t(1) << F::mantissa));
  Vec<T> k = from_bits<T>((b >> F::mantissa) | bits_of<T>(whole)) - (whole + broadcast<T>(T(F::bias)));
  k = tiny ? k - broadcast<T>(T(F::mantissa + 1)) : k;
  Bits<T> fraction = (b & ((decltype(one_bits)(1) << F::mantissa) - 1)) + F::sqrt_half;
  Vec<T> f = from_bits<T>(fraction) - one;
  // log(1 + f) with s = f / (2 + f): f - (f^2/2 - s (f^2/2 + R)), R = s^2 Q(s^2).
  Vec<T> s = f / (f + broadcast<T>(2)), z = s * s, q;
  if constexpr (sizeof(T) == 4) q = polynomial<T>(z, log_terms_float);
  else q = polynomial<T>(z, log_terms_double);
  Vec<T> half_square = f * f * broadcast<T>(T(0.5));
  Vec<T> small = fmadd(s, half_square + z * q, k * broadcast<T>(F::ln2_low));
  Vec<T> y = k * broadcast<T>(F::ln2_high) - ((half_square - small) - f);
  const Vec<T> infinity = broadcast<T>(T(__builtin_inf()));
  y = x == infinity ? infinity : y;
  y = x == zero ? -infinity : y;
  return (x < zero) | (x != x) ? broadcast<T>(T(__builtin_nan(""))) : y;
}

// With e = exp(-2|x|) - 1, which loses nothing near 0: tanh |x| = -e / (2 + e).
template <class T> STRATE_INLINE Vec<T> tanh(Vec<T> x) {
  using F = FloatFormat<T>;
  Bits<T> sign = bits_of<T>(x) & sign_bit<T>();
  Vec<T> u = from_bits<T>(bits_of<T>(x) | sign_bit<T>()) * broadcast<T>(2);
  u = u < broadcast<T>(-40) ? broadcast<T>(-40) : u;  // tanh is 1 long before
  ReducedExp<T> reduced = reduce_exp<T>(u);
  Vec<T> scale = from_bits<T>((reduced.exponent + F::bias) << F::mantissa);
  Vec<T> e = fmadd(scale, reduced.expm1, scale - broadcast<T>(1));
  Vec<T> y = -e / (e + broadcast<T>(2));
  return from_bits<T>((bits_of<T>(y) & ~sign_bit<T>()) | sign);
}

// With e = exp(-|x|): 1 / (1 + e), or e / (1 + e) for negative x, exact where the value is tiny.
template <class T> STRATE_INLINE Vec<T> sigmoid(Vec<T> x) {
  const Vec<T> one = broadcast<T>(1);
  Vec<T> e = exp<T>(from_bits<T>(bits_of<T>(x) | sign_bit<T>()));
  return (x < zero<T>() ? e : one) / (one + e);
}

template <class T> STRATE_INLINE Vec<T> square_root(Vec<T> x) {
#if defined(__AVX512F__)  // the zero-masking form: GCC 12 warns about an undefined register inside the plain
                          // one
  if constexpr (sizeof(T) == 4) return Vec<T>(_mm512_maskz_sqrt_ps(__mmask16(-1), __m512(x)));
  else return Vec<T>(_mm512_maskz_sqrt_pd(__mmask8(-1), __m512d(x)));
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return Vec<T>(_mm256_sqrt_ps(__m256(x)));
  else return Vec<T>(_mm256_sqrt_pd(__m256d(x)));
#elif defined(__x86_64__)
  if constexpr (sizeof(T) == 4) return Vec<T>(_mm_sqrt_ps(__m128(x)));
  else return Vec<T>(_mm_sqrt_pd(__m128d(x)));
#else
  for (int i = 0; i < lanes<T>; i++)
    x[i] = sizeof(T) == 4 ? T(__builtin_sqrtf(float(x[i]))) : T(__builtin_sqrt(double(x[i])));
  return x;
#endif
}

}  // namespace strate::STRATE_ISA
