// The device that the executor pretends to be: a small one of compute capability 9.0.

#include <cstring>

#include "block.h"
#include "error.h"
#include "settings.h"
#include "stream.h"

using namespace executor;

namespace {
constexpr int version = 13000, processors = 4, threads_per_processor = 2048;
constexpr int shared_bytes = int(SharedMemory::static_limit), shared_optin = int(SharedMemory::dynamic_limit);
}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
  *count = device_count();
  if (!*count) return raise(cudaErrorNoDevice);
  std::string error;
  read_settings(error);
  if (error.empty()) return cudaSuccess;
  *count = 0;
  return raise(cudaErrorInvalidValue, error);
}

cudaError_t cudaGetDevice(int* device) {
  EXECUTOR_CALL();
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  EXECUTOR_CALL();
  return device == 0 ? cudaSuccess : raise(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  EXECUTOR_CALL();
  if (device != 0) return raise(cudaErrorInvalidDevice);
  *properties = {};
  strcpy(properties->name, "executor");
  properties->totalGlobalMem = device_memory_bytes();
  properties->sharedMemPerBlock = shared_bytes;
  properties->sharedMemPerBlockOptin = shared_optin;
  properties->sharedMemPerMultiprocessor = shared_optin + 1024;
  properties->major = 9;
  properties->multiProcessorCount = processors;
  properties->maxThreadsPerBlock = int(max_threads);
  properties->maxThreadsPerMultiProcessor = threads_per_processor;
  properties->warpSize = int(warp_lanes);
  properties->l2CacheSize = 4 << 20;
  properties->memoryBusWidth = 64;
  properties->maxGridSize[0] = 0x7fffffff;
  properties->maxGridSize[1] = properties->maxGridSize[2] = 65535;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  EXECUTOR_CALL();
  if (device != 0) return raise(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = int(max_threads);
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = shared_bytes;
      break;
    case cudaDevAttrWarpSize:
      *value = int(warp_lanes);
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = processors;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = threads_per_processor;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = 0;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = shared_optin;
      break;
    default:
      return raise(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* value) {
  *value = device_count() ? version : 0;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* value) {
  *value = version;
  return cudaSuccess;
}

cudaError_t cudaDeviceReset() {
  Call call;
  discard_everything();
  forget_errors();
  return cudaSuccess;
}
