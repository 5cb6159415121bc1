#include "shared_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "block.h"
#include "sync_objects.h"

namespace executor {

namespace {
constexpr size_t slot_bytes = 512 << 10, red_zone = 128, line = 128;

size_t round_up(size_t bytes) { return (bytes + line - 1) / line * line; }
}  // namespace

SharedMemory::SharedMemory() {
  void* memory = mmap(nullptr, SyncObjects::slots * slot_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = base_ = static_cast<char*>(memory);
  forbid(memory_, SyncObjects::slots * slot_bytes);
}

SharedMemory::~SharedMemory() {
  allow(memory_, SyncObjects::slots * slot_bytes);
  munmap(memory_, SyncObjects::slots * slot_bytes);
}

void SharedMemory::begin_kernel(size_t dynamic_bytes) {
  forbid(memory_, used_);
  dynamic_bytes_ = dynamic_bytes;
  used_ = dynamic_bytes ? round_up(dynamic_bytes) + red_zone : 0;
  static_bytes_ = 0;
  arrays_.clear();
  allow(memory_, dynamic_bytes);
}

void SharedMemory::begin_block(unsigned slot) {
  base_ = memory_ + slot * slot_bytes;
  block_++;
  Unseen unseen;
  if (dynamic_bytes_) memset(base_, 0xff, dynamic_bytes_);
}

void* SharedMemory::find(const void* declaration, size_t bytes) {
  for (Array& array : arrays_)
    if (array.declaration == declaration) return array.filled == block_ ? base_ + array.offset : fill(array);
  Unseen unseen;
  static_bytes_ += bytes;
  if (static_bytes_ > static_limit) return nullptr;
  arrays_.push_back({declaration, used_, bytes, 0});
  used_ += round_up(bytes) + red_zone;
  allow(memory_ + arrays_.back().offset, bytes);
  return fill(arrays_.back());
}

void* SharedMemory::fill(Array& array) {
  Unseen unseen;
  array.filled = block_;
  return memset(base_ + array.offset, 0xff, array.bytes);
}

bool SharedMemory::contains(const void* p, size_t bytes) const {
  const char* at = static_cast<const char*>(p);
  return at >= base_ && at + bytes <= base_ + used_;
}

void* static_shared(const void* declaration, size_t bytes, size_t) {
  void* p = this_block().shared().find(declaration, bytes);
  if (!p) this_block().fail("more than 48 KB of static shared memory");
  return p;
}

void* dynamic_shared() { return this_block().shared().dynamic(); }

}  // namespace executor
