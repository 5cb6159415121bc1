#include "core/allocator.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/check.h"

namespace strate {
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

void give_back(Storage* storage);

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

void give_back(Storage* storage) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  c.used -= storage->bytes;
  if (caching) {
    c.free[size_class(storage->bytes).index].push_back(storage);
  } else {
    c.held -= storage->bytes;
    std::free(storage->data);
    delete storage;
  }
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
  SizeClass wanted = size_class(bytes);
  auto& list = c.free[wanted.index];
  Storage* storage;
  if (!list.empty()) {
    storage = list.back();
    list.pop_back();
    storage->nonfinite.store(false, std::memory_order_relaxed);
  } else {
    storage = make(c, caching ? wanted.bytes : std::max<int64_t>(bytes, 1));
  }
  c.used += storage->bytes;
  c.peak = std::max(c.peak, c.used);
  return storage;
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
