// Numbers side by side that move in one instruction of 16 bytes, where addresses allow it. Those stored as
// bfloat16 are widened as they are loaded, and rounded as they are stored.
#pragma once

#include "cuda/core/instructions.h"
#include "cuda/core/launch.h"

namespace strate::cuda {

template <class T, int V> struct alignas(V * sizeof(T) < 16 ? V * sizeof(T) : 16) Pack {
  T at[V];
};

template <class T> __device__ __forceinline__ Wide<T> widened(T x) {
  if constexpr (std::is_same_v<T, bfloat16>) return to_float(x);
  else return x;
}

template <class T> __device__ __forceinline__ T narrowed(Wide<T> x) {
  if constexpr (std::is_same_v<T, bfloat16>) return {uint16_t(to_bfloat16_pair(x, 0))};
  else return x;
}

template <int V, class T> __device__ __forceinline__ Pack<Wide<T>, V> load_pack(const T* p) {
  if constexpr (!std::is_same_v<T, bfloat16>) return *reinterpret_cast<const Pack<T, V>*>(p);
  else if constexpr (V == 1) return {widened(*p)};
  else {
    const auto words = *reinterpret_cast<const Pack<uint32_t, V / 2>*>(p);
    Pack<float, V> pack;
#pragma unroll
    for (int i = 0; i < V / 2; i++) {
      pack.at[2 * i] = __uint_as_float(words.at[i] << 16);
      pack.at[2 * i + 1] = __uint_as_float(words.at[i] & 0xffff0000u);
    }
    return pack;
  }
}

template <class T, int V> __device__ __forceinline__ void store_pack(T* p, const Pack<Wide<T>, V>& pack) {
  if constexpr (!std::is_same_v<T, bfloat16>) *reinterpret_cast<Pack<T, V>*>(p) = pack;
  else if constexpr (V == 1) *p = narrowed<T>(pack.at[0]);
  else {
    Pack<uint32_t, V / 2> words;
#pragma unroll
    for (int i = 0; i < V / 2; i++) words.at[i] = to_bfloat16_pair(pack.at[2 * i], pack.at[2 * i + 1]);
    *reinterpret_cast<Pack<uint32_t, V / 2>*>(p) = words;
  }
}

template <class T> constexpr int pack_width = int(16 / sizeof(T));

template <class... P> bool aligned(const P*... pointers) {
  return ((reinterpret_cast<uintptr_t>(pointers) % 16 == 0) && ...);
}

// f.operator()<V>() with as many numbers in a pack as 16 bytes hold, or one. float64 moves one at a time: a
// warp's loads fill cache lines all the same, and the library is smaller.
template <class T, class F> void with_packs(bool wide, F&& f) {
  if constexpr (sizeof(T) < 8) {
    if (wide) return f.template operator()<pack_width<T>>();
  }
  f.template operator()<1>();
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
