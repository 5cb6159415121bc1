// Capture and replay: a graph is the list of captured works, a launch queues them again in that order.

#include "stream.h"

struct cudaGraphExec {
  std::vector<executor::Work> work;
};

using namespace executor;

namespace {
// All captured work comes before the origin's end.
bool joined(const Capture& capture) {
  const Seen& seen = capture.origin->seen;
  for (const auto& [stream, works] : capture.streams) {
    auto own = seen.find(stream);
    if (works && (own == seen.end() || own->second < works)) return false;
  }
  return true;
}
}  // namespace

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  EXECUTOR_CALL();
  Stream* stream = find_stream(handle);
  if (!stream) return raise(cudaErrorInvalidResourceHandle);
  if (!handle || stream->capture) return raise(cudaErrorStreamCaptureUnsupported);
  stream->capture =
      std::make_shared<Capture>(Capture{stream, mode, std::make_unique<Graph>(), {{stream, 0}}});
  stream->seen.clear();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  EXECUTOR_CALL();
  *graph = nullptr;
  Stream* stream = find_stream(handle);
  if (!stream) return raise(cudaErrorInvalidResourceHandle);
  const std::shared_ptr<Capture> capture = stream->capture;
  if (!capture || capture->origin != stream) return raise(cudaErrorStreamCaptureUnmatched);
  const bool complete = joined(*capture);
  for (const auto& [member, works] : capture->streams) member->capture = {}, member->seen.clear();
  if (capture->invalid) return raise(cudaErrorStreamCaptureInvalidated);
  if (!complete) return raise(cudaErrorStreamCaptureUnjoined);
  *graph = capture->graph.release();
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  EXECUTOR_CALL();
  Stream* stream = find_stream(handle);
  if (!stream) return raise(cudaErrorInvalidResourceHandle);
  *status = !stream->capture           ? cudaStreamCaptureStatusNone
            : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                       : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  EXECUTOR_CALL();
  if (!graph) return raise(cudaErrorInvalidValue);
  *executable = new cudaGraphExec{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  EXECUTOR_CALL();
  if (!graph || nodes) return raise(cudaErrorInvalidValue);
  *count = graph->work.size();
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  EXECUTOR_CALL();
  if (!executable) return raise(cudaErrorInvalidValue);
  for (const Work& work : executable->work)
    if (const cudaError_t error = enqueue(stream, work); error != cudaSuccess) return error;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  Call call;
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  Call call;
  delete graph;
  return cudaSuccess;
}
