#include "cuda/core/allocator.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cuda/core/check.h"
#include "cuda/core/stream.h"

namespace strate::cuda {

// Free blocks by size.
using Blocks = std::multimap<int64_t, Storage*>;

struct Arena {
  Blocks free;
  int64_t lent = 0;  // blocks that tensors view
  bool open = true;  // false: whoever owned it is gone, blocks go to the cache
};

namespace {

constexpr int64_t smallest = 512;            // bytes; what cudaMalloc aligns to
constexpr int64_t piece = int64_t(1) << 20;  // sizes above are rounded to it

struct Cache {
  std::mutex lock;
  Blocks free;
  Arena* arena = nullptr;  // of the recording under way
  int64_t held = 0, used = 0, peak = 0;
  std::vector<Flag*> flags;  // to be used again
};

Cache& cache() {
  static Cache& made = *new Cache;  // never destroyed: tensors may outlive every static
  return made;
}

int64_t rounded(int64_t bytes) {
  const int64_t unit = bytes < piece ? smallest : piece;
  return std::max<int64_t>((bytes + unit - 1) / unit * unit, smallest);
}

// Its flag serves others from now on: all work is on one stream. In an arena it stays where the recorded
// kernels know it.
void to_cache(Cache& c, Storage* storage) {
  if (storage->device_flag) c.flags.push_back(std::exchange(storage->device_flag, nullptr));
  storage->owner = nullptr;
  c.free.emplace(storage->bytes, storage);
}

void give_back(Storage* storage) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  c.used -= storage->bytes;
  auto* arena = static_cast<Arena*>(storage->owner);
  if (arena) arena->lent--;
  if (arena && arena->open) {
    arena->free.emplace(storage->bytes, storage);
    return;
  }
  if (arena && arena->lent == 0) delete arena;
  to_cache(c, storage);
}

void release_locked(Cache& c) {
  cudaStreamSynchronize(stream());
  for (auto& [bytes, storage] : c.free) {
    cudaFree(storage->data);
    c.held -= bytes;
    delete storage;
  }
  c.free.clear();
}

[[noreturn]] void fail_memory(const Cache& c, int64_t bytes) {
  size_t left = 0, total = 0;
  cudaMemGetInfo(&left, &total);
  cudaGetLastError();
  const std::string text = "out of device memory: asked for " + std::to_string(bytes) + " bytes, " +
                           std::to_string(c.held) + " held, " + std::to_string(c.used) + " in use, " +
                           std::to_string(left) + " of " + std::to_string(total) + " free";
  host->fail_memory(text.c_str());
  __builtin_unreachable();
}

Storage* make(Cache& c, int64_t bytes) {
  void* data = nullptr;
  if (cudaMalloc(&data, size_t(bytes)) != cudaSuccess) {
    cudaGetLastError();
    if (!capturing()) release_locked(c);
    if (cudaMalloc(&data, size_t(bytes)) != cudaSuccess) fail_memory(c, bytes);
  }
  auto* storage = new Storage;
  storage->data = data;
  storage->bytes = bytes;
  storage->device = Device::cuda;
  storage->release = give_back;
  c.held += bytes;
  return storage;
}

// The smallest free block that holds `bytes` without wasting more than an eighth.
Storage* take(Blocks& blocks, int64_t bytes) {
  const auto found = blocks.lower_bound(bytes);
  if (found == blocks.end() || found->first > bytes + bytes / 8) return nullptr;
  Storage* storage = found->second;
  blocks.erase(found);
  return storage;
}

}  // namespace

Storage* allocate(int64_t bytes_) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  if (bytes_ > int64_t(1) << 56) fail_memory(c, bytes_);
  const int64_t bytes = rounded(bytes_);
  Storage* storage = c.arena ? take(c.arena->free, bytes) : nullptr;
  if (!storage) storage = take(c.free, bytes);
  if (!storage) storage = make(c, bytes);
  storage->owner = c.arena;
  if (c.arena) c.arena->lent++;
  c.used += storage->bytes;
  c.peak = std::max(c.peak, c.used);
  return storage;
}

MemoryUse memory_use() {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  return {c.held, c.used, c.peak};
}

// What the cache holds unused is free to us.
void memory_left(int64_t* free, int64_t* total) {
  size_t left = 0, all = 0;
  CUDA_CHECK(cudaMemGetInfo(&left, &all));
  const MemoryUse use = memory_use();
  *free = int64_t(left) + use.held - use.used;
  *total = int64_t(all);
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

void open_arena() {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  c.arena = new Arena;
}

Arena* close_arena() {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  return std::exchange(c.arena, nullptr);
}

void release_arena(Arena* arena) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  for (auto& [bytes, storage] : arena->free) to_cache(c, storage);
  arena->free.clear();
  arena->open = false;
  if (arena->lent == 0) delete arena;
}

void spoil_free(Arena* arena) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  for (const Blocks* blocks : {&arena->free, &c.free})
    for (const auto& [bytes, storage] : *blocks)
      CUDA_CHECK(cudaMemsetAsync(storage->data, 0xff, size_t(bytes), stream()));
}

// ---- flags: a word each, so that an atomic can raise it

namespace {

constexpr size_t flag_bytes = 4, flags_at_once = 256;

// Of memory that is not ours.
void release_flag(Flag* flag) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  c.flags.push_back(flag);
}

void make_flags(Cache& c) {
  void* data = nullptr;
  CUDA_CHECK(cudaMalloc(&data, flag_bytes * flags_at_once));
  for (size_t i = 0; i < flags_at_once; i++)
    c.flags.push_back(reinterpret_cast<Flag*>(static_cast<char*>(data) + i * flag_bytes));
}

}  // namespace

Flag* flag(Storage* storage) {
  Cache& c = cache();
  std::lock_guard guard(c.lock);
  if (storage->device_flag) return storage->device_flag;
  if (c.flags.empty()) make_flags(c);
  Flag* made = c.flags.back();
  CUDA_CHECK(cudaMemsetAsync(made, 0, flag_bytes, stream()));
  c.flags.pop_back();
  storage->release_flag = release_flag;
  return storage->device_flag = made;
}

bool take_flag(Flag* flag) {
  uint32_t raised = 0;
  CUDA_CHECK(cudaMemcpyAsync(&raised, flag, flag_bytes, cudaMemcpyDeviceToHost, stream()));
  CUDA_CHECK(cudaMemsetAsync(flag, 0, flag_bytes, stream()));
  synchronize();
  return raised != 0;
}

}  // namespace strate::cuda
