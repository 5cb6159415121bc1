// The places of winners in their windows, as lanes and in memory.
#pragma once

#include "simd/bytes.h"
#include "simd/partial.h"

namespace strate::STRATE_ISA {

// Places are kept beside the values as integers of their width, and written as bytes or ints. A partial
// register is written whole where `end` leaves room: the next pixel writes over the excess.
template <class T, bool partial, class Index>
STRATE_INLINE void store_places(Index* p, const Index* end, Mask<T> where, int64_t count) {
  const bool whole = !partial || end - p >= lanes<T>;
  if constexpr (sizeof(Index) == 1) {
    if (whole) return store_bytes<T>(p, where);
  }
  for (int64_t i = 0; i < (whole ? lanes<T> : count); i++) p[i] = Index(where[i]);
}
template <class T, bool partial, class Index>
STRATE_INLINE Mask<T> load_places(const Index* p, const Index* end, int64_t count) {
  const bool whole = !partial || end - p >= lanes<T>;
  if constexpr (sizeof(Index) == 1) {
    if (whole) return load_bytes<T>(p);
  }
  Mask<T> where{};
  for (int64_t i = 0; i < (whole ? lanes<T> : count); i++) where[i] = p[i];
  return where;
}

}  // namespace strate::STRATE_ISA
