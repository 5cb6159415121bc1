// CUDA's device functions over the executor's hooks.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <type_traits>

#include "hooks.h"

#define threadIdx (::executor::position.thread)
#define blockIdx (::executor::position.block)
#define blockDim (::executor::position.block_size)
#define gridDim (::executor::position.grid_size)
constexpr int warpSize = 32;

#define EXECUTOR_SITE ::executor::Site site = ::executor::Site::current()

inline void __syncthreads(EXECUTOR_SITE) { executor::sync_block(false, "__syncthreads", site); }
inline int __syncthreads_count(int p, EXECUTOR_SITE) {
  return executor::sync_block(p != 0, "__syncthreads_count", site);
}
inline int __syncthreads_or(int p, EXECUTOR_SITE) {
  return executor::sync_block(p != 0, "__syncthreads_or", site) != 0;
}
inline int __syncthreads_and(int p, EXECUTOR_SITE) {
  return executor::sync_block(p == 0, "__syncthreads_and", site) == 0;
}
inline void __syncwarp(unsigned mask = ~0u, EXECUTOR_SITE) { executor::sync_warp(mask, site); }
inline void __threadfence() { executor::fence(); }
inline void __threadfence_block() { executor::fence(); }

// ---- shuffles and votes

namespace executor {
template <class T> T shuffle_value(Shuffle kind, unsigned mask, T value, int argument, int width, Site site) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles exist for types of 32 and 64 bits");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = shuffle(kind, mask, bits, argument, width, site);
  memcpy(&value, &bits, sizeof value);
  return value;
}
}  // namespace executor

template <class T> T __shfl_sync(unsigned mask, T value, int lane, int width = 32, EXECUTOR_SITE) {
  return executor::shuffle_value(executor::Shuffle::index, mask, value, lane, width, site);
}
template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, EXECUTOR_SITE) {
  return executor::shuffle_value(executor::Shuffle::up, mask, value, int(delta), width, site);
}
template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, EXECUTOR_SITE) {
  return executor::shuffle_value(executor::Shuffle::down, mask, value, int(delta), width, site);
}
template <class T> T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, EXECUTOR_SITE) {
  return executor::shuffle_value(executor::Shuffle::exclusive_or, mask, value, lanes, width, site);
}
inline unsigned __ballot_sync(unsigned mask, int p, EXECUTOR_SITE) {
  return executor::ballot(mask, p != 0, "__ballot_sync", site);
}
inline int __any_sync(unsigned mask, int p, EXECUTOR_SITE) {
  return executor::ballot(mask, p != 0, "__any_sync", site) != 0;
}
inline int __all_sync(unsigned mask, int p, EXECUTOR_SITE) {
  return executor::ballot(mask, p == 0, "__all_sync", site) == 0;
}

// ---- atomics: relaxed, as on the device; after __threadfence they order

namespace executor {
template <class T, class Change> T atomic_change(T* p, Change change) {
  std::atomic_ref<T> target(*p);
  T old = target.load(std::memory_order_relaxed);
  while (!target.compare_exchange_weak(old, change(old), std::memory_order_relaxed)) {
  }
  atomic_done(p);
  return old;
}
}  // namespace executor

#define EXECUTOR_VALUE(T) std::type_identity_t<T>
template <class T> T atomicAdd(T* p, EXECUTOR_VALUE(T) v) {
  return executor::atomic_change(p, [=](T old) { return T(old + v); });
}
template <class T> T atomicSub(T* p, EXECUTOR_VALUE(T) v) {
  return executor::atomic_change(p, [=](T old) { return T(old - v); });
}
template <class T> T atomicMax(T* p, EXECUTOR_VALUE(T) v) {
  return executor::atomic_change(p, [=](T old) { return old < v ? v : old; });
}
template <class T> T atomicMin(T* p, EXECUTOR_VALUE(T) v) {
  return executor::atomic_change(p, [=](T old) { return v < old ? v : old; });
}
template <class T> T atomicOr(T* p, EXECUTOR_VALUE(T) v) {
  return executor::atomic_change(p, [=](T old) { return T(old | v); });
}
template <class T> T atomicAnd(T* p, EXECUTOR_VALUE(T) v) {
  return executor::atomic_change(p, [=](T old) { return T(old & v); });
}
template <class T> T atomicExch(T* p, EXECUTOR_VALUE(T) v) {
  return executor::atomic_change(p, [=](T) { return v; });
}
template <class T> T atomicCAS(T* p, EXECUTOR_VALUE(T) expected, EXECUTOR_VALUE(T) v) {
  std::atomic_ref<T>(*p).compare_exchange_strong(expected, v, std::memory_order_relaxed);
  executor::atomic_done(p);
  return expected;
}
inline unsigned atomicInc(unsigned* p, unsigned last) {
  return executor::atomic_change(p, [=](unsigned old) { return old >= last ? 0u : old + 1; });
}
#undef EXECUTOR_VALUE

// ---- numbers

template <class T> T __ldg(const T* p) { return *p; }

// Pairs that CUDA has too: two floating-point types, or two integers of the same size.
template <class A, class B>
concept ComparableOnDevice = (std::is_floating_point_v<A> && std::is_floating_point_v<B>) ||
                             (std::is_integral_v<A> && std::is_integral_v<B> && sizeof(A) == sizeof(B));

// As on the device: of two floats the one that is a number wins.
template <class A, class B>
  requires ComparableOnDevice<A, B>
constexpr std::common_type_t<A, B> max(A left, B right) {
  using T = std::common_type_t<A, B>;
  const T a = T(left), b = T(right);
  if constexpr (std::is_floating_point_v<T>)
    if (a != a || b != b) return a != a ? b : a;
  return a < b ? b : a;
}
template <class A, class B>
  requires ComparableOnDevice<A, B>
constexpr std::common_type_t<A, B> min(A left, B right) {
  using T = std::common_type_t<A, B>;
  const T a = T(left), b = T(right);
  if constexpr (std::is_floating_point_v<T>)
    if (a != a || b != b) return a != a ? b : a;
  return b < a ? b : a;
}

inline unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
inline int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
inline float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
inline float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
inline long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
inline double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }

inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline int __float2int_rn(float x) { return int(nearbyintf(x)); }
inline float __int2float_rn(int x) { return float(x); }

inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  __extension__ typedef unsigned __int128 Wide;
  return (unsigned long long)(Wide(a) * b >> 64);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)(x)) : 64; }
