// The part of a workspace that each worker has for itself. What lies before it, another's part too, is a few
// pages away: processors read on beyond what they were asked for, in steps as long as those before, and where
// threads have no cache in common, each line that one has read so is a store of the other that waits.
#pragma once

#include <cstdint>

namespace strate::cpu {

template <class T> constexpr int64_t scratch_gap = (32 << 10) / int64_t(sizeof(T));

// Elements for all workers, and where one's begin.
template <class T> constexpr int64_t scratch_space(int64_t size, int workers) {
  return size > 0 ? workers * (scratch_gap<T> + size) : 0;
}
template <class T> T* scratch_of(T* all, int64_t size, int worker) {
  return all + scratch_gap<T> + worker * (scratch_gap<T> + size);
}

}  // namespace strate::cpu
