#include "stream.h"

#include <algorithm>

#include "memory.h"
#include "settings.h"

namespace executor {

namespace {
Stream& default_stream() {
  static Stream stream{true};
  return stream;
}

std::vector<std::unique_ptr<Stream>>& streams() {
  static std::vector<std::unique_ptr<Stream>> made;
  return made;
}

// False where there is nothing left to do.
bool run_one(Stream& stream) {
  if (stream.queue.empty()) return false;
  DeviceAccess access;
  Work work = std::move(stream.queue.front());
  stream.queue.pop_front();
  if (!failed()) work();
  return true;
}

void run_until(const std::shared_ptr<Mark>& mark) {
  while (!mark->passed && run_one(*mark->stream)) {
  }
}

cudaError_t outcome() { return failed() ? cudaErrorLaunchFailure : cudaSuccess; }

cudaError_t make_stream(cudaStream_t* stream, unsigned flags) {
  EXECUTOR_CALL();
  streams().push_back(std::make_unique<Stream>(Stream{flags != cudaStreamNonBlocking}));
  *stream = streams().back().get();
  return cudaSuccess;
}

cudaError_t reject(Capture& capture) {
  capture.invalid = true;
  return raise(cudaErrorStreamCaptureUnsupported);
}
}  // namespace

Stream* find_stream(cudaStream_t handle) {
  if (!handle) return &default_stream();
  for (auto& stream : streams())
    if (stream.get() == handle) return handle;
  return nullptr;
}

cudaError_t enqueue(cudaStream_t handle, Work work) {
  Stream* stream = find_stream(handle);
  if (!stream) return raise(cudaErrorInvalidResourceHandle);
  if (stream->capture) {
    Capture& capture = *stream->capture;
    if (capture.invalid) return raise(cudaErrorStreamCaptureInvalidated);
    capture.graph->work.push_back(std::move(work));
    stream->seen[stream] = ++capture.streams[stream];
    return cudaSuccess;
  }
  if (stream == &default_stream())
    for (auto& other : streams()) {
      if (!other->blocking) continue;
      if (other->capture) {
        other->capture->invalid = true;
        return raise(cudaErrorStreamCaptureImplicit);
      }
      run_all(*other);
    }
  else if (stream->blocking) run_all(default_stream());
  stream->queue.push_back(std::move(work));
  if (stream != &default_stream() && stream != streams().front().get() && streams_are_early())
    run_all(*stream);
  return cudaSuccess;
}

void run_all(Stream& stream) {
  DeviceAccess access;
  while (run_one(stream)) {
  }
}

void run_everything() {
  run_all(default_stream());
  for (size_t i = 0; i < streams().size(); i++) run_all(*streams()[i]);
}

void discard_everything() {
  default_stream() = Stream{true};
  for (auto& stream : streams()) stream->queue.clear(), stream->capture = {}, stream->seen.clear();
}

cudaError_t reject_in_capture() {
  for (auto& stream : streams())
    if (stream->capture && stream->capture->mode != cudaStreamCaptureModeRelaxed)
      return reject(*stream->capture);
  return cudaSuccess;
}

}  // namespace executor

using namespace executor;

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return make_stream(stream, cudaStreamDefault); }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return make_stream(stream, flags);
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int) {
  return make_stream(stream, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  Call call;
  Stream* stream = find_stream(handle);
  if (!handle || !stream) return raise(cudaErrorInvalidResourceHandle);
  run_all(*stream);
  std::erase_if(streams(), [&](auto& own) { return own.get() == handle; });
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  EXECUTOR_CALL();
  Stream* stream = find_stream(handle);
  if (!stream) return raise(cudaErrorInvalidResourceHandle);
  if (stream->capture) return reject(*stream->capture);
  run_all(*stream);
  return outcome();
}

// Makes some progress, so that a loop around it ends.
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  EXECUTOR_CALL();
  Stream* stream = find_stream(handle);
  if (!stream) return raise(cudaErrorInvalidResourceHandle);
  if (stream->capture) return reject(*stream->capture);
  if (run_one(*stream)) return cudaErrorNotReady;
  return outcome();
}

cudaError_t cudaDeviceSynchronize() {
  EXECUTOR_CALL();
  for (auto& stream : streams())
    if (stream->capture) return reject(*stream->capture);
  run_everything();
  return outcome();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  EXECUTOR_CALL();
  Stream* stream = find_stream(handle);
  if (!stream || !event) return raise(cudaErrorInvalidResourceHandle);
  const std::shared_ptr<Mark> mark = event->mark;
  if (!mark) return cudaSuccess;
  if (mark->capture) {
    // The stream joins the capture that the event belongs to.
    if (stream->capture && stream->capture != mark->capture) return raise(cudaErrorStreamCaptureUnmatched);
    stream->capture = mark->capture;
    stream->capture->streams[stream];
    for (const auto& [other, works] : mark->seen) stream->seen[other] = std::max(stream->seen[other], works);
    return cudaSuccess;
  }
  if (stream->capture) return reject(*stream->capture);
  return enqueue(handle, [mark] { run_until(mark); });
}

// ---- events

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  EXECUTOR_CALL();
  *event = new Event{flags, nullptr};
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  Call call;
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  EXECUTOR_CALL();
  Stream* stream = find_stream(handle);
  if (!stream || !event) return raise(cudaErrorInvalidResourceHandle);
  auto mark = std::make_shared<Mark>(Mark{stream});
  event->mark = mark;
  if (stream->capture) {
    mark->capture = stream->capture;
    mark->seen = stream->seen;
    return cudaSuccess;
  }
  return enqueue(handle, [mark] { mark->time = std::chrono::steady_clock::now(), mark->passed = true; });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  EXECUTOR_CALL();
  if (!event->mark) return cudaSuccess;
  if (event->mark->capture) return raise(cudaErrorCapturedEvent);
  run_until(event->mark);
  return outcome();
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  EXECUTOR_CALL();
  if (!event->mark || event->mark->passed) return cudaSuccess;
  if (event->mark->capture) return raise(cudaErrorCapturedEvent);
  run_one(*event->mark->stream);
  return failed() ? cudaErrorLaunchFailure : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  EXECUTOR_CALL();
  if (!start->mark || !end->mark || (start->flags | end->flags) & cudaEventDisableTiming)
    return raise(cudaErrorInvalidResourceHandle);
  if (!start->mark->passed || !end->mark->passed) return cudaErrorNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(end->mark->time - start->mark->time).count();
  return cudaSuccess;
}
