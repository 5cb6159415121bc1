#include "cuda/core/stream.h"

#include <atomic>

#include "cuda/core/allocator.h"
#include "cuda/core/check.h"

namespace strate::cuda {
namespace {

cudaStream_t queue = nullptr;
std::atomic<bool> recording_now{false};

struct Recording {
  cudaGraphExec_t graph;
  Arena* arena;  // keeps the memory that the graph's kernels use between their launches
};

}  // namespace

// Not the default stream: that one would wait for, and hold up, what other libraries do.
void make_stream() { CUDA_CHECK(cudaStreamCreateWithFlags(&queue, cudaStreamNonBlocking)); }

cudaStream_t stream() { return queue; }

void synchronize() { CUDA_CHECK(cudaStreamSynchronize(queue)); }

bool capturing() { return recording_now.load(std::memory_order_relaxed); }

void begin_capture() {
  if (capturing()) host->fail_device("[cuda] a step is being captured already");
  open_arena();
  const cudaError_t status = cudaStreamBeginCapture(queue, cudaStreamCaptureModeRelaxed);
  if (status != cudaSuccess) {
    release_arena(close_arena());
    fail(status, "cudaStreamBeginCapture", __FILE__, __LINE__);
  }
  recording_now = true;
}

void abandon_capture() {
  if (!capturing()) return;
  cudaGraph_t graph = nullptr;
  recording_now = false;
  if (cudaStreamEndCapture(queue, &graph) == cudaSuccess && graph) cudaGraphDestroy(graph);
  cudaGetLastError();  // of a capture that went wrong
  release_arena(close_arena());
}

void* end_capture() {
  cudaGraph_t graph = nullptr;
  recording_now = false;
  const cudaError_t ended = cudaStreamEndCapture(queue, &graph);
  Arena* arena = close_arena();
  cudaGraphExec_t made = nullptr;
  const cudaError_t status = ended == cudaSuccess ? cudaGraphInstantiate(&made, graph, 0) : ended;
  if (graph) cudaGraphDestroy(graph);
  if (status != cudaSuccess) {
    release_arena(arena);
    fail(status, "the capture of a step", __FILE__, __LINE__);
  }
  return new Recording{made, arena};
}

void replay(void* recording) {
  CUDA_CHECK(cudaGraphLaunch(static_cast<Recording*>(recording)->graph, queue));
}

void spoil(void* recording) { spoil_free(static_cast<Recording*>(recording)->arena); }

void forget(void* recording_) {
  auto* recording = static_cast<Recording*>(recording_);
  cudaStreamSynchronize(queue);
  cudaGraphExecDestroy(recording->graph);
  release_arena(recording->arena);
  delete recording;
}

}  // namespace strate::cuda
