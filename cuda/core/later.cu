#include "cuda/core/later.h"

#include <cstring>
#include <mutex>
#include <vector>

#include "cuda/core/check.h"
#include "cuda/core/stream.h"

namespace strate::cuda {
namespace {

struct Sent {
  void* pinned;
  cudaEvent_t event;
  int64_t bytes;
};

std::mutex lock;
std::vector<Sent*>& unused() {
  static auto& list = *new std::vector<Sent*>;  // never destroyed, as its memory is the driver's
  return list;
}

Sent* take() {
  {
    std::lock_guard guard(lock);
    if (!unused().empty()) {
      Sent* sent = unused().back();
      unused().pop_back();
      return sent;
    }
  }
  auto* made = new Sent{nullptr, nullptr, 0};
  CUDA_CHECK(cudaMallocHost(&made->pinned, size_t(most_sent)));
  CUDA_CHECK(cudaEventCreateWithFlags(&made->event, cudaEventDisableTiming));
  return made;
}

}  // namespace

void* send(const void* from, int64_t bytes) {
  if (bytes > most_sent || capturing())
    host->fail_device("[cuda] one value outside of a capture is sent later");
  Sent* sent = take();
  sent->bytes = bytes;
  CUDA_CHECK(cudaMemcpyAsync(sent->pinned, from, size_t(bytes), cudaMemcpyDeviceToHost, stream()));
  CUDA_CHECK(cudaEventRecord(sent->event, stream()));
  return sent;
}

void receive(void* to, void* sent_) {
  auto* sent = static_cast<Sent*>(sent_);
  CUDA_CHECK(cudaEventSynchronize(sent->event));
  std::memcpy(to, sent->pinned, size_t(sent->bytes));
}

// The copy may still be under way: it is waited for, so that nobody else is given its memory.
void drop(void* sent_) {
  auto* sent = static_cast<Sent*>(sent_);
  cudaEventSynchronize(sent->event);
  std::lock_guard guard(lock);
  unused().push_back(sent);
}

}  // namespace strate::cuda
