#include "error.h"

#include <atomic>

#include "settings.h"

namespace executor {

namespace {
std::recursive_mutex& api() {
  static std::recursive_mutex mutex;
  return mutex;
}

std::mutex sticky_mutex;
std::atomic<bool> sticky{false};
std::string& sticky_text() {
  static std::string text;
  return text;
}

struct Last {
  cudaError_t error = cudaSuccess, told = cudaSuccess;
  std::string text;
};
Last& last() {
  static thread_local Last value;
  return value;
}

struct Description {
  cudaError_t error;
  const char *name, *text;
};
#define EXECUTOR_ERROR(name, text) {name, #name, text}
constexpr Description descriptions[] = {
    EXECUTOR_ERROR(cudaSuccess, "no error"),
    EXECUTOR_ERROR(cudaErrorInvalidValue, "invalid argument"),
    EXECUTOR_ERROR(cudaErrorMemoryAllocation, "out of memory"),
    EXECUTOR_ERROR(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    EXECUTOR_ERROR(cudaErrorNoDevice, "no CUDA-capable device is detected"),
    EXECUTOR_ERROR(cudaErrorInvalidDevice, "invalid device ordinal"),
    EXECUTOR_ERROR(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    EXECUTOR_ERROR(cudaErrorNotReady, "device not ready"),
    EXECUTOR_ERROR(cudaErrorLaunchFailure, "unspecified launch failure"),
    EXECUTOR_ERROR(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    EXECUTOR_ERROR(cudaErrorStreamCaptureInvalidated,
                   "operation failed due to a previous error during capture"),
    EXECUTOR_ERROR(cudaErrorStreamCaptureUnmatched, "the capture was not initiated in this stream"),
    EXECUTOR_ERROR(cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work"),
    EXECUTOR_ERROR(cudaErrorStreamCaptureImplicit,
                   "operation would make the legacy stream depend on a capturing blocking stream"),
    EXECUTOR_ERROR(cudaErrorCapturedEvent,
                   "operation not permitted on an event last recorded in a capturing stream"),
};
#undef EXECUTOR_ERROR
}  // namespace

cudaError_t raise(cudaError_t error, const std::string& text) {
  Last& own = last();
  own.error = own.told = error;
  own.text = text;
  return error;
}

void raise_sticky(const std::string& text) {
  std::lock_guard<std::mutex> lock(sticky_mutex);
  if (sticky) return;
  sticky_text() = text;
  sticky = true;
}

bool failed() { return sticky; }

void forget_errors() {
  std::lock_guard<std::mutex> lock(sticky_mutex);
  sticky = false;
  last() = {};
}

Call::Call() : lock(api()), error(cudaSuccess) {
  if (device_count() == 0) error = raise(cudaErrorNoDevice);
  else if (failed()) error = cudaErrorLaunchFailure;
}

}  // namespace executor

using namespace executor;

cudaError_t cudaPeekAtLastError() { return failed() ? cudaErrorLaunchFailure : last().error; }

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  last().error = cudaSuccess;
  return error;
}

const char* cudaGetErrorName(cudaError_t error) {
  for (const Description& known : descriptions)
    if (known.error == error) return known.name;
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  if (error == cudaErrorLaunchFailure && failed()) return sticky_text().c_str();
  if (error == last().told && !last().text.empty()) return last().text.c_str();
  for (const Description& known : descriptions)
    if (known.error == error) return known.text;
  return "unrecognized error code";
}
