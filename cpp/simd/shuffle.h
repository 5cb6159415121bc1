// Moving lanes between registers: transposition of square blocks, many sums over lanes at once, broadcast of
// a pair.
#pragma once

#include <utility>

#include "simd/vec.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace strate::STRATE_ISA {

// Lanes of two registers in an order known at compile time; lane numbers of b start at lanes<T>.
#if defined(__clang__)
#define STRATE_SHUFFLE(a, b, T, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define STRATE_SHUFFLE(a, b, T, ...) __builtin_shuffle(a, b, Mask<T>{__VA_ARGS__})
#endif

// Blocks of `block` lanes: the even ones of a, each followed by the even one of b; and the same of the odd
// ones.
template <class T, int block, int... l>
STRATE_INLINE Vec<T> even_blocks(Vec<T> a, Vec<T> b, std::integer_sequence<int, l...>) {
  return STRATE_SHUFFLE(a, b, T, ((l & block) ? lanes<T> + l - block : l)...);
}
template <class T, int block, int... l>
STRATE_INLINE Vec<T> odd_blocks(Vec<T> a, Vec<T> b, std::integer_sequence<int, l...>) {
  return STRATE_SHUFFLE(a, b, T, ((l & block) ? lanes<T> + l : l + block)...);
}

// The lanes of a and of b in turn, from the first half of each, or the second.
template <class T, bool second, int... l>
STRATE_INLINE Vec<T> zip(Vec<T> a, Vec<T> b, std::integer_sequence<int, l...>) {
  constexpr int from = second ? lanes<T> / 2 : 0;
  return STRATE_SHUFFLE(a, b, T, (l % 2 * lanes<T> + from + l / 2)...);
}
template <class T, bool second> STRATE_INLINE Vec<T> zip(Vec<T> a, Vec<T> b) {
  return zip<T, second>(a, b, std::make_integer_sequence<int, lanes<T>>{});
}

// v[i] lane j becomes v[j] lane i: log2(lanes) rounds that exchange ever smaller blocks.
template <class T, int block = lanes<T> / 2> STRATE_INLINE void transpose_block(Vec<T> (&v)[lanes<T>]) {
  if constexpr (block > 0) {
    constexpr auto all = std::make_integer_sequence<int, lanes<T>>{};
#pragma GCC unroll 16
    for (int i = 0; i < lanes<T>; i++)
      if ((i & block) == 0) {
        Vec<T> a = v[i], b = v[i + block];
        v[i] = even_blocks<T, block>(a, b, all);
        v[i + block] = odd_blocks<T, block>(a, b, all);
      }
    transpose_block<T, block / 2>(v);
  }
}

// Lane i of the result is the sum over the lanes of v[i].
template <class T, int block = lanes<T> / 2> STRATE_INLINE Vec<T> sums_of_lanes(Vec<T> (&v)[lanes<T>]) {
  if constexpr (block == 0) {
    return v[0];
  } else {
    constexpr auto all = std::make_integer_sequence<int, lanes<T>>{};
#pragma GCC unroll 16
    for (int i = 0; i < block; i++)
      v[i] = even_blocks<T, block>(v[i], v[i + block], all) + odd_blocks<T, block>(v[i], v[i + block], all);
    return sums_of_lanes<T, block / 2>(v);
  }
}

// p[0], p[1], p[0], p[1], ...: two floats are broadcast as one double, which no arithmetic touches.
template <int... l>
STRATE_INLINE Vec<float> broadcast_pair(const float* p, std::integer_sequence<int, l...>) {
  double both;
  __builtin_memcpy(&both, p, sizeof both);
  return Vec<float>(Vec<double>{(void(l), both)...});
}
template <int... l>
STRATE_INLINE Vec<double> broadcast_pair(const double* p, std::integer_sequence<int, l...>) {
  return Vec<double>{p[l & 1]...};
}
template <class T> STRATE_INLINE Vec<T> broadcast_pair(const T* p) {
  return broadcast_pair(p, std::make_integer_sequence<int, lanes<double>>{});
}

// The first `count` lanes; what is in the others is not said.
template <class T, int count> STRATE_INLINE Vec<T> load_low(const T* p) {
  constexpr int bytes = count * int(sizeof(T));
  static_assert(bytes <= register_bytes);
#if defined(__AVX512F__)
  const float* f = reinterpret_cast<const float*>(p);
  if constexpr (bytes == 16) return Vec<T>(_mm512_castps128_ps512(_mm_loadu_ps(f)));
  if constexpr (bytes == 32) return Vec<T>(_mm512_castps256_ps512(_mm256_loadu_ps(f)));
#elif defined(__AVX2__)
  if constexpr (bytes == 16)
    return Vec<T>(_mm256_castps128_ps256(_mm_loadu_ps(reinterpret_cast<const float*>(p))));
#endif
  return load(p);
}

// Lane i of the result is v[order[i]]; the order is known only when the program runs.
template <class T> STRATE_INLINE Vec<T> permute(Vec<T> v, Mask<T> order) {
#if defined(__clang__)
  Vec<T> out{};
  for (int i = 0; i < lanes<T>; i++) out[i] = v[order[i]];
  return out;
#else
  return __builtin_shuffle(v, order);
#endif
}

}  // namespace strate::STRATE_ISA
