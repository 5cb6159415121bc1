#include "cuda/core/transfer.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>

#include "cuda/core/check.h"
#include "cuda/core/stream.h"

namespace strate::cuda {
namespace {

cudaStream_t copies = nullptr;

struct Transfer {
  cudaEvent_t queued, done;  // the first stream's work before it; its last copy
};

// ---- pinned memory: it is slow to make, so it is kept

constexpr int64_t page = 4096;  // bytes

struct Pinned {
  std::mutex lock;
  std::multimap<int64_t, Storage*> free;
};

Pinned& pinned() {
  static Pinned& made = *new Pinned;  // never destroyed: tensors may outlive every static
  return made;
}

void give_back(Storage* storage) {
  std::lock_guard guard(pinned().lock);
  pinned().free.emplace(storage->bytes, storage);
}

void release_locked(Pinned& p) {
  for (auto& [bytes, storage] : p.free) {
    cudaFreeHost(storage->data);
    delete storage;
  }
  p.free.clear();
}

Storage* make(Pinned& p, int64_t bytes) {
  void* data = nullptr;
  if (cudaMallocHost(&data, size_t(bytes)) != cudaSuccess) {
    cudaGetLastError();
    release_locked(p);
    if (cudaMallocHost(&data, size_t(bytes)) != cudaSuccess) {
      cudaGetLastError();
      host->fail_memory(("out of pinned host memory: asked for " + std::to_string(bytes) + " bytes").c_str());
    }
  }
  auto* storage = new Storage;
  storage->data = data;
  storage->bytes = bytes;
  storage->release = give_back;
  return storage;
}

}  // namespace

Storage* allocate_pinned(int64_t bytes_) {
  Pinned& p = pinned();
  std::lock_guard guard(p.lock);
  const int64_t bytes = std::max(page, (bytes_ + page - 1) / page * page);
  const auto found = p.free.lower_bound(bytes);
  if (found == p.free.end() || found->first > 2 * bytes) return make(p, bytes);
  Storage* storage = found->second;
  p.free.erase(found);
  storage->nonfinite = false;
  return storage;
}

void release_pinned() {
  std::lock_guard guard(pinned().lock);
  release_locked(pinned());
}

// ---- copies

void make_copy_stream() { CUDA_CHECK(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking)); }

void* make_transfer() {
  auto* made = new Transfer{nullptr, nullptr};
  CUDA_CHECK(cudaEventCreateWithFlags(&made->queued, cudaEventDisableTiming));
  CUDA_CHECK(cudaEventCreateWithFlags(&made->done, cudaEventDisableTiming));
  return made;
}

// Kernels that are queued already may still use `to` for whom it was before.
void start_transfer(void* transfer_, void* to, const void* from, int64_t bytes) {
  if (capturing()) host->fail_device("[cuda] a step that copies from host memory cannot be captured");
  const auto* transfer = static_cast<Transfer*>(transfer_);
  CUDA_CHECK(cudaEventRecord(transfer->queued, stream()));
  CUDA_CHECK(cudaStreamWaitEvent(copies, transfer->queued, 0));
  if (bytes > 0) CUDA_CHECK(cudaMemcpyAsync(to, from, size_t(bytes), cudaMemcpyHostToDevice, copies));
  CUDA_CHECK(cudaEventRecord(transfer->done, copies));
}

void follow_transfer(void* transfer) {
  CUDA_CHECK(cudaStreamWaitEvent(stream(), static_cast<Transfer*>(transfer)->done, 0));
}

void wait_transfer(void* transfer) {
  CUDA_CHECK(cudaEventSynchronize(static_cast<Transfer*>(transfer)->done));
}

// Both memories are others' afterwards.
void drop_transfer(void* transfer_) {
  auto* transfer = static_cast<Transfer*>(transfer_);
  cudaEventSynchronize(transfer->done);
  cudaEventDestroy(transfer->queued);
  cudaEventDestroy(transfer->done);
  delete transfer;
}

}  // namespace strate::cuda
