#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "sanitizers.h"
#include "settings.h"
#include "stream.h"

namespace executor {

namespace {
constexpr size_t alignment = 256;

using Ranges = std::map<const char*, size_t>;
struct Memory {
  Ranges device, pinned;
  size_t used = 0;
  int access = 0;
};
Memory& memory() {
  static Memory state;
  return state;
}

// The range that p lies in, or ranges.end().
Ranges::iterator find(Ranges& ranges, const void* p) {
  auto after = ranges.upper_bound(static_cast<const char*>(p));
  if (after == ranges.begin()) return ranges.end();
  auto range = std::prev(after);
  return static_cast<const char*>(p) < range->first + range->second ? range : ranges.end();
}

bool on_device(const void* p) { return find(memory().device, p) != memory().device.end(); }

bool fits(const void* p, size_t bytes) {
  auto range = find(memory().device, p);
  return range == memory().device.end() ||
         static_cast<const char*>(p) + bytes <= range->first + range->second;
}

bool right_way(const void* to, const void* from, cudaMemcpyKind kind) {
  if (kind == cudaMemcpyDefault) return true;
  return on_device(to) == (kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice) &&
         on_device(from) == (kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice);
}

void* aligned(size_t bytes) {
  void* p = nullptr;
  return posix_memalign(&p, alignment, bytes ? bytes : 1) ? nullptr : p;
}

// Pageable memory is read before the call returns; a captured copy reads it when the graph runs.
cudaError_t copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t handle) {
  if (!bytes) return cudaSuccess;
  if (!to || !from || !right_way(to, from, kind))
    return raise(cudaErrorInvalidValue, "[executor] a copy in another direction than its kind says");
  if (!fits(to, bytes) || !fits(from, bytes))
    return raise(cudaErrorInvalidValue, "[executor] a copy past the end of device memory");
  Stream* stream = find_stream(handle);
  const bool pageable = !on_device(from) && find(memory().pinned, from) == memory().pinned.end();
  if (!pageable || (stream && stream->capture)) return enqueue(handle, [=] { memmove(to, from, bytes); });
  std::shared_ptr<char[]> snapshot(new char[bytes]);
  memcpy(snapshot.get(), from, bytes);
  return enqueue(handle, [=] { memcpy(to, snapshot.get(), bytes); });
}

cudaError_t set(void* p, int value, size_t bytes, cudaStream_t stream) {
  if (!bytes) return cudaSuccess;
  if (!on_device(p) || !fits(p, bytes))
    return raise(cudaErrorInvalidValue, "[executor] cudaMemset outside of device memory");
  return enqueue(stream, [=] { memset(p, value, bytes); });
}

cudaError_t wait_default(cudaError_t error) {
  return error == cudaSuccess ? cudaStreamSynchronize(nullptr) : error;
}
}  // namespace

DeviceAccess::DeviceAccess() {
  if (memory().access++) return;
  if constexpr (address_sanitizer)
    for (auto& [p, bytes] : memory().device) allow(p, bytes);
}
DeviceAccess::~DeviceAccess() {
  if (--memory().access) return;
  if constexpr (address_sanitizer)
    for (auto& [p, bytes] : memory().device) forbid(p, bytes);
}

cudaError_t allocate_device(void** p, size_t bytes) {
  EXECUTOR_CALL();
  if (const cudaError_t error = reject_in_capture(); error != cudaSuccess) return error;
  *p = nullptr;
  if (!bytes) return cudaSuccess;
  const size_t limit = device_memory_bytes();
  if (bytes > limit || memory().used > limit - bytes) return raise(cudaErrorMemoryAllocation);
  *p = aligned(bytes);
  if (!*p) return raise(cudaErrorMemoryAllocation);
  memset(*p, 0xff, bytes);
  if (!memory().access) forbid(*p, bytes);
  memory().device[static_cast<char*>(*p)] = bytes;
  memory().used += bytes;
  return cudaSuccess;
}

cudaError_t allocate_host(void** p, size_t bytes) {
  EXECUTOR_CALL();
  if (const cudaError_t error = reject_in_capture(); error != cudaSuccess) return error;
  *p = aligned(bytes);
  if (!*p) return raise(cudaErrorMemoryAllocation);
  memory().pinned[static_cast<char*>(*p)] = bytes ? bytes : 1;
  return cudaSuccess;
}

}  // namespace executor

using namespace executor;

cudaError_t cudaFree(void* p) {
  Call call;
  if (!p) return call.error;
  if (const cudaError_t error = reject_in_capture(); error != cudaSuccess) return error;
  auto range = memory().device.find(static_cast<char*>(p));
  if (range == memory().device.end())
    return raise(cudaErrorInvalidValue, "[executor] cudaFree of what cudaMalloc did not give");
  run_everything();
  allow(p, range->second);
  memory().used -= range->second;
  memory().device.erase(range);
  free(p);
  return call.error;
}

cudaError_t cudaFreeHost(void* p) {
  Call call;
  if (!p) return call.error;
  if (!memory().pinned.erase(static_cast<char*>(p)))
    return raise(cudaErrorInvalidValue, "[executor] cudaFreeHost of what cudaMallocHost did not give");
  run_everything();
  free(p);
  return call.error;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  EXECUTOR_CALL();
  *total = device_memory_bytes();
  *free = *total > memory().used ? *total - memory().used : 0;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  EXECUTOR_CALL();
  return copy(to, from, bytes, kind, stream);
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  EXECUTOR_CALL();
  if (const cudaError_t error = reject_in_capture(); error != cudaSuccess) return error;
  return wait_default(copy(to, from, bytes, kind, nullptr));
}

cudaError_t cudaMemsetAsync(void* p, int value, size_t bytes, cudaStream_t stream) {
  EXECUTOR_CALL();
  return set(p, value, bytes, stream);
}

cudaError_t cudaMemset(void* p, int value, size_t bytes) {
  EXECUTOR_CALL();
  if (const cudaError_t error = reject_in_capture(); error != cudaSuccess) return error;
  return wait_default(set(p, value, bytes, nullptr));
}
