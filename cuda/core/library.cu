// The one door of the library: what it exports, and whether there is a device.
#include <string>

#include "cuda/core/allocator.h"
#include "cuda/core/check.h"
#include "cuda/core/later.h"
#include "cuda/core/launch.h"
#include "cuda/core/stream.h"
#include "cuda/core/tensor.h"
#include "cuda/core/transfer.h"
#include "cuda/ops/product.h"
#include "ops/cuda_table.h"

namespace strate::cuda {

#define STRATE_DECLARE(Part) \
  void fill(Part<float>&);   \
  void fill(Part<double>&);
STRATE_CUDA_PARTS(STRATE_DECLARE)
#define STRATE_DECLARE_BFLOAT16(Part) void fill(Part<bfloat16>&);
STRATE_CUDA_BFLOAT16_PARTS(STRATE_DECLARE_BFLOAT16)

namespace {

std::string device_name;

#define STRATE_FILL(Part) fill(static_cast<Part<T>&>(table));
template <class T> const CudaOps<T>& ops() {
  static const CudaOps<T> made = [] {
    CudaOps<T> table;
    if constexpr (std::is_same_v<T, bfloat16>) {
      STRATE_CUDA_BFLOAT16_PARTS(STRATE_FILL)
    } else {
      STRATE_CUDA_PARTS(STRATE_FILL)
    }
    return table;
  }();
  return made;
}

constexpr CudaRuntime runtime{
    .name = [] { return device_name.c_str(); },
    .allocate = allocate,
    .copy = copy,
    .to_device = to_device,
    .to_host = to_host,
    .fill = fill,
    .convert = convert,
    .flag = flag,
    .take_flag = take_flag,
    .count_up = count_up,
    .copy_unless = copy_unless,
    .synchronize = synchronize,
    .stream = [] { return int64_t(reinterpret_cast<intptr_t>(stream())); },
    .memory_use = memory_use,
    .memory_left = memory_left,
    .reset_peak = reset_peak,
    .release_memory =
        [] {
          release_memory();
          release_pinned();
        },
    .report = report,
    .send = send,
    .receive = receive,
    .drop = drop,
    .allocate_pinned = allocate_pinned,
    .make_transfer = make_transfer,
    .start_transfer = start_transfer,
    .follow_transfer = follow_transfer,
    .wait_transfer = wait_transfer,
    .drop_transfer = drop_transfer,
    .begin_capture = begin_capture,
    .end_capture = end_capture,
    .abandon_capture = abandon_capture,
    .capturing = capturing,
    .replay = replay,
    .forget = forget,
    .spoil = spoil,
    .set_tile = set_tile,
    .trace = trace,
    .launched = launched,
};

// The reason why no device can be used, or empty.
std::string probe() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();
    return std::string(cudaGetErrorString(status)) + " (" + cudaGetErrorName(status) + ")";
  }
  if (count == 0) return "no CUDA device";
  cudaDeviceProp properties;
  CUDA_CHECK(cudaGetDeviceProperties(&properties, 0));
  device_name = properties.name;
  if (properties.major < 8)
    return device_name + " has compute capability " + std::to_string(properties.major) + "." +
           std::to_string(properties.minor) + "; 8.0 or later is needed";
  return "";
}

}  // namespace
}  // namespace strate::cuda

extern "C" __attribute__((visibility("default"))) const strate::CudaLibrary* strate_cuda_open(
    const strate::CudaHost* host, const char** why_not) {
  using namespace strate;
  static std::string reason;
  cuda::host = host;
  reason = cuda::probe();
  *why_not = reason.c_str();
  if (!reason.empty()) return nullptr;
  cuda::make_stream();
  cuda::make_copy_stream();
  static const CudaLibrary library{cuda_layout_of_tables(), &cuda::runtime, &cuda::ops<float>(),
                                   &cuda::ops<double>(), &cuda::ops<bfloat16>()};
  return &library;
}
