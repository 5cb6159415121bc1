// Vec<T>: one register of T, as wide as the instruction set that this file is being compiled for.
// The same source serves every set: only `register_bytes` and the number of registers differ. It is GCC's and
// Clang's vector extension, so + - * / and comparisons are operators, and a comparison gives a mask of
// integers (0 or -1). Everything is forced inline: nothing compiled with AVX-512 flags may survive as a
// function that the linker could hand to a machine without them.
#pragma once

#include <cstdint>

#ifndef STRATE_ISA
#error "cpp/simd is compiled once per instruction set, with STRATE_ISA set to its name"
#endif

#define STRATE_INLINE static inline __attribute__((always_inline))

namespace strate::STRATE_ISA {

#if defined(__AVX512F__)
constexpr int register_bytes = 64;
constexpr int register_count = 32;
#elif defined(__AVX2__)
constexpr int register_bytes = 32;
constexpr int register_count = 16;
#else
constexpr int register_bytes = 16;
#if defined(__aarch64__)
constexpr int register_count = 32;
#else
constexpr int register_count = 16;
#endif
#endif

template <class T> struct VecTypes;
template <> struct VecTypes<float> {
  typedef float Value __attribute__((vector_size(register_bytes)));
  typedef float Unaligned __attribute__((vector_size(register_bytes), aligned(4), may_alias));
  typedef int32_t Mask __attribute__((vector_size(register_bytes)));
  typedef int32_t UnalignedMask __attribute__((vector_size(register_bytes), aligned(4), may_alias));
  using Int = int32_t;
};
template <> struct VecTypes<double> {
  typedef double Value __attribute__((vector_size(register_bytes)));
  typedef double Unaligned __attribute__((vector_size(register_bytes), aligned(8), may_alias));
  typedef int64_t Mask __attribute__((vector_size(register_bytes)));
  typedef int64_t UnalignedMask __attribute__((vector_size(register_bytes), aligned(8), may_alias));
  using Int = int64_t;
};

template <class T> using Vec = typename VecTypes<T>::Value;
template <class T> using Mask = typename VecTypes<T>::Mask;
template <class T> constexpr int lanes = register_bytes / int(sizeof(T));

template <class T> STRATE_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename VecTypes<T>::Unaligned*>(p);
}
template <class T> STRATE_INLINE void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename VecTypes<T>::Unaligned*>(p) = v;
}

// The value minus a zero vector is the one spelling of a broadcast that GCC folds: zero plus the value is not
// exact for -0.0, so it would be computed.
template <class T> STRATE_INLINE Vec<T> broadcast(T value) { return value - Vec<T>{}; }
template <class T> STRATE_INLINE Vec<T> zero() { return Vec<T>{}; }

// 0, 1, 2, ... : the place of each lane.
template <class T> STRATE_INLINE Mask<T> lane_numbers() {
  Mask<T> n{};
  for (int i = 0; i < lanes<T>; i++) n[i] = i;
  return n;
}

// Lanes below `count`: all of them where count >= lanes.
template <class T> STRATE_INLINE Mask<T> first_lanes(int64_t count) {
  using Int = typename VecTypes<T>::Int;
  return lane_numbers<T>() < (Int(count < lanes<T> ? count : lanes<T>) - Mask<T>{});
}

// The first `count` lanes; the others are zero and their memory is not touched.
template <class T> STRATE_INLINE Vec<T> load_partial(const T* p, int64_t count) {
  alignas(register_bytes) T buffer[lanes<T>] = {};
  for (int64_t i = 0; i < count; i++) buffer[i] = p[i];
  return load(buffer);
}
template <class T> STRATE_INLINE void store_partial(T* p, Vec<T> v, int64_t count) {
  alignas(register_bytes) T buffer[lanes<T>];
  store(buffer, v);
  for (int64_t i = 0; i < count; i++) p[i] = buffer[i];
}

// a * b + c, one rounding where the set has it: the compiler contracts it (-ffp-contract=fast).
template <class V> STRATE_INLINE V fmadd(V a, V b, V c) { return a * b + c; }

template <class T> STRATE_INLINE Vec<T> select(Mask<T> mask, Vec<T> yes, Vec<T> no) {
  return mask ? yes : no;
}

// v held within [-limit, limit], a number; NaN is kept: a comparison with it is false, so v falls through.
// The processors' minimum and maximum choose the same way, and the compiler takes them.
template <class T> STRATE_INLINE Vec<T> clamp(Vec<T> v, Vec<T> limit) {
  v = v < -limit ? -limit : v;
  return v > limit ? limit : v;
}

// max(0, v) with NaN kept: a comparison with NaN is false, so NaN falls through to v.
template <class T> STRATE_INLINE Vec<T> positive_part(Vec<T> v) { return v < Vec<T>{} ? Vec<T>{} : v; }

template <class T> STRATE_INLINE Vec<T> absolute(Vec<T> v) { return v < Vec<T>{} ? -v : v; }

// Pairwise, in an order fixed by the register's width.
template <class T> STRATE_INLINE T sum_lanes(Vec<T> v) {
  alignas(register_bytes) T a[lanes<T>];
  store(a, v);
  for (int half = lanes<T> / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) a[i] += a[i + half];
  return a[0];
}
template <class T> STRATE_INLINE bool any(Mask<T> mask) {
  Mask<T> m = mask;
  typename VecTypes<T>::Int all = 0;
  for (int i = 0; i < lanes<T>; i++) all |= m[i];
  return all != 0;
}

}  // namespace strate::STRATE_ISA
