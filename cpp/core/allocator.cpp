#include "core/allocator.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "core/check.h"

namespace strate {

// Free blocks of a recording, whose kernels use them between a replay and the next.
struct Arena {
  std::vector<Storage*> free;
  int64_t bytes = 0;
  int64_t lent = 0;  // blocks that tensors view
  bool released = false;
};

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool caching = false;  // so that the sanitizer sees every use after release and every overrun
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif
#else
constexpr bool caching = true;
#endif

// Sizes are rounded up to one of eight steps between two powers of two, so at most an eighth is wasted.
constexpr int steps = 8;
constexpr int classes = 64 * steps;

struct SizeClass {
  int index;
  int64_t bytes;
};

SizeClass size_class(int64_t bytes) {
  bytes = std::max<int64_t>((bytes + alignment - 1) / alignment * alignment, alignment);
  int top = 63 - std::countl_zero(uint64_t(bytes));
  int64_t step = std::max<int64_t>((int64_t(1) << top) / steps, alignment);
  int64_t rounded = (bytes + step - 1) / step * step;
  top = 63 - std::countl_zero(uint64_t(rounded));
  int place = int((rounded - (int64_t(1) << top)) * steps >> top);
  return {top * steps + place, rounded};
}

struct Cache {
  std::mutex lock;
  std::vector<Storage*> free[classes];
  int64_t held = 0, used = 0, peak = 0;
};

thread_local Arena* opened = nullptr;

Cache& cache() {
  static Cache* c = [] {
    auto* made = new Cache;  // never destroyed: tensors may outlive every static
    pthread_atfork([] { cache().lock.lock(); }, [] { cache().lock.unlock(); }, [] { cache().lock.unlock(); });
    return made;
  }();
  return *c;
}

void* take_from_system(int64_t bytes) {
  int64_t align = bytes >= huge_page ? huge_page : alignment;
  void* data = nullptr;
  if (posix_memalign(&data, size_t(align), size_t(bytes)) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
  if (align == huge_page) madvise(data, size_t(bytes), MADV_HUGEPAGE);
#endif
  return data;
}

void release_locked(Cache& c) {
  for (auto& list : c.free) {
    for (Storage* storage : list) {
      c.held -= storage->bytes;
      std::free(storage->data);
      delete storage;
    }
    list.clear();
  }
}

void to_cache(Cache& c, Storage* storage) {
  storage->owner = nullptr;
  if (caching) {
    c.free[size_class(storage->bytes).index].push_back(storage);
  } else {
    c.held -= storage->bytes;
    std::free(storage->data);
    delete storage;
  }
}

void give_back(Storage* storage) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  c.used -= storage->bytes;
  auto* arena = static_cast<Arena*>(storage->owner);
  if (!arena) return to_cache(c, storage);
  arena->lent--;
  if (!arena->released) return arena->free.push_back(storage);
  if (arena->lent == 0) delete arena;
  to_cache(c, storage);
}

// A block of an arena that has this size.
Storage* take(Arena& arena, int64_t bytes) {
  for (Storage*& storage : arena.free) {
    if (storage->bytes != bytes) continue;
    Storage* found = std::exchange(storage, arena.free.back());
    arena.free.pop_back();
    return found;
  }
  return nullptr;
}

[[noreturn]] void fail_memory(const Cache& c, int64_t bytes) {
  throw MemoryError(
      text("out of memory: asked for ", bytes, " bytes, ", c.held, " held, ", c.used, " in use"));
}

constexpr int64_t most_bytes = int64_t(1)
                               << 56;  // more than any address space; sizes up to it can be rounded up

Storage* make(Cache& c, int64_t bytes) {
  void* data = take_from_system(bytes);
  if (!data) {
    release_locked(c);
    data = take_from_system(bytes);
  }
  if (!data) fail_memory(c, bytes);
  auto* storage = new Storage;
  storage->data = data;
  storage->bytes = bytes;
  storage->release = give_back;
  c.held += bytes;
  return storage;
}

}  // namespace

Storage* allocate(int64_t bytes) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  if (bytes > most_bytes) fail_memory(c, bytes);
  const SizeClass wanted = size_class(bytes);
  const int64_t size = caching ? wanted.bytes : std::max<int64_t>(bytes, 1);
  auto& list = c.free[wanted.index];
  Storage* storage = opened ? take(*opened, size) : nullptr;
  if (!storage) {
    if (list.empty()) {
      storage = make(c, size);
    } else {
      storage = list.back();
      list.pop_back();
    }
    if (opened) opened->bytes += size;
  }
  storage->nonfinite.store(false, std::memory_order_relaxed);
  storage->owner = opened;
  if (opened) opened->lent++;
  c.used += storage->bytes;
  c.peak = std::max(c.peak, c.used);
  return storage;
}

void drop_reference(Storage* storage) {
  if (storage->references.fetch_sub(1, std::memory_order_acq_rel) == 1) storage->release(storage);
}

Arena* open_arena() { return opened = new Arena; }

int64_t close_arena(Arena* arena) {
  opened = nullptr;
  return arena->bytes;
}

void release_arena(Arena* arena) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  for (Storage* storage : arena->free) to_cache(c, storage);
  arena->free.clear();
  arena->released = true;
  if (arena->lent == 0) delete arena;
}

void spoil_free_blocks(Arena* arena) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  auto spoil = [](const std::vector<Storage*>& list) {
    for (Storage* storage : list) std::memset(storage->data, 0xff, size_t(storage->bytes));
  };
  spoil(arena->free);
  for (const auto& list : c.free) spoil(list);
}

MemoryUse memory_use() {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  return {c.held, c.used, c.peak};
}

void reset_peak() {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  c.peak = c.used;
}

void release_memory() {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  release_locked(c);
}

}  // namespace strate
