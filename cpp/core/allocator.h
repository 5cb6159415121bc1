// Storage: a block of memory with a count of the tensors that view it. Blocks come from a cache: a training
// step asks for the same sizes again and again, and memory that was used before costs no page faults.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/device.h"

namespace strate {

constexpr int64_t alignment = 64;       // bytes; a cache line and the widest register
constexpr int64_t huge_page = 2 << 20;  // bytes; larger blocks are aligned to it and ask for huge pages

struct Storage {
  std::atomic<int64_t> references{0};
  void* data = nullptr;
  int64_t bytes = 0;
  Device device = Device::cpu;
  Flag nonfinite{false};        // raised by kernels that write a loss or a weight gradient
  Flag* device_flag = nullptr;  // the same in a device's memory, made when a kernel asks for it
  void (*release_flag)(Flag*) = nullptr;
  void (*release)(Storage*) = nullptr;  // called when the last reference goes
  void* owner = nullptr;                // whose memory it is, where it is not ours

  Storage() = default;
  ~Storage() {
    if (device_flag) release_flag(device_flag);
  }
  Storage(const Storage&) = delete;
};

Storage* allocate(int64_t bytes);  // at least `bytes`, aligned; throws MemoryError
void drop_reference(Storage*);     // gives the block back when it was the last

// While an arena is open, what this thread allocates comes from it and returns to it, until it is released.
struct Arena;
Arena* open_arena();
int64_t close_arena(Arena*);  // its bytes
void release_arena(Arena*);
void spoil_free_blocks(Arena*);  // for tests: whoever reads memory that is nobody's finds 0xff

struct MemoryUse {
  int64_t held;  // bytes taken from the system: in use or kept for later
  int64_t used;  // bytes in blocks that a tensor views now
  int64_t peak;  // largest `used` since the start or the last reset_peak
};
MemoryUse memory_use();
void reset_peak();
void release_memory();  // gives every unused block back to the system

}  // namespace strate
