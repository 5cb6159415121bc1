// CUDA's errors: most are told once, by the call and by cudaGetLastError; one found while a kernel runs is
// sticky: every later call returns it. cudaGetErrorString gives what the executor found.
#pragma once

#include <mutex>
#include <string>

#include "runtime.h"

namespace executor {

// Returns `error`, which cudaGetLastError and its text will tell this thread.
cudaError_t raise(cudaError_t error, const std::string& text = {});

void raise_sticky(const std::string& text);
bool failed();
void forget_errors();

// What an API call holds while it works. `error` tells that there is no device, or the sticky error.
struct Call {
  std::lock_guard<std::recursive_mutex> lock;
  cudaError_t error;
  Call();
};
#define EXECUTOR_CALL() \
  Call call;            \
  if (call.error != cudaSuccess) return call.error

}  // namespace executor
