// Moving lanes between registers: transposition of square blocks, many sums over lanes at once, broadcast of
// a pair.
#pragma once

#include <utility>

#include "simd/vec.h"

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
