// Numbers side by side that move in one instruction of 16 bytes, where addresses allow it.
#pragma once

#include "cuda/core/launch.h"

namespace strate::cuda {

template <class T, int V> struct alignas(V * sizeof(T) < 16 ? V * sizeof(T) : 16) Pack {
  T at[V];
};

template <int V, class T> __device__ __forceinline__ Pack<T, V> load_pack(const T* p) {
  return *reinterpret_cast<const Pack<T, V>*>(p);
}

template <class T, int V> __device__ __forceinline__ void store_pack(T* p, const Pack<T, V>& pack) {
  *reinterpret_cast<Pack<T, V>*>(p) = pack;
}

template <class T> constexpr int pack_width = int(16 / sizeof(T));

template <class... P> bool aligned(const P*... pointers) {
  return ((reinterpret_cast<uintptr_t>(pointers) % 16 == 0) && ...);
}

// f.operator()<V>() with as many numbers in a pack as 16 bytes hold, or one.
template <class T, class F> void with_packs(bool wide, F&& f) {
  if (wide) f.template operator()<pack_width<T>>();
  else f.template operator()<1>();
}

// f.operator()<Word>() with the largest word, of 16, 8 or 4 bytes or the least, that divides sizes and
// addresses: the bitwise or of all of them.
template <class Least, class F> void with_words(uint64_t sizes, F&& f) {
  if (sizes % 16 == 0) f.template operator()<uint4>();
  else if (sizes % 8 == 0) f.template operator()<uint64_t>();
  else if (sizeof(Least) == 4 || sizes % 4 == 0) f.template operator()<uint32_t>();
  else f.template operator()<Least>();
}

inline uint64_t address(const void* p) { return reinterpret_cast<uintptr_t>(p); }

// f.operator()<W>(i) for the packs of n numbers, then, one by one, for those that fill none; in a kernel
// launched with grid_of(n / V).
template <int V, class F> __device__ __forceinline__ void for_packs(int64_t n, F&& f) {
  for_each(n / V, [&](int64_t i) { f.template operator()<V>(i * V); });
  if constexpr (V > 1) for_each(n % V, [&](int64_t i) { f.template operator()<1>(n / V * V + i); });
}

}  // namespace strate::cuda
