// What TSan takes for the barriers' locks. Fibers switch without ordering anything; threads are ordered by
// the block's start, its barriers, __syncwarp and the end of the kernel. Blocks are not ordered among each
// other: each has its own objects and its own shared memory, until all slots have been used.
#pragma once

#include <cstdint>
#include <memory>

#include "sanitizers.h"

namespace executor {

class SyncObjects {
 public:
  static constexpr unsigned slots = thread_sanitizer ? 32 : 1;

  // Begins a block; true where everything before it is over for TSan too.
  void next_block() {
    if constexpr (!thread_sanitizer) return;
    if (++slot_ == slots) {
      acquire(&end_);
      slot_ = 0;
    }
    release(start());
  }
  void end_kernel() { acquire(&end_); }

  unsigned slot() const { return slot_; }
  void* start() { return at(0); }
  void* end() { return &end_; }
  // Two that alternate: with one, arrivals at the next barrier would count for this one.
  void* barrier(unsigned phase) { return at(1 + phase % 2); }
  void* lane(unsigned thread, unsigned phase) { return at(3 + thread * 2 + phase % 2); }

 private:
  static constexpr unsigned objects = thread_sanitizer ? 3 + 2 * 1024 : 1;
  void* at(unsigned i) { return thread_sanitizer ? &words_[slot_ * objects + i] : nullptr; }

  std::unique_ptr<uint64_t[]> words_{new uint64_t[size_t(slots) * objects]};
  uint64_t end_ = 0;
  unsigned slot_ = 0;
};

}  // namespace executor
