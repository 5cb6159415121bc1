// The CUDA backend as the engine sees it. It is a shared library beside the extension, loaded on first use;
// it links nothing of the engine, so that the two share only what this header and the tables of ops declare.
// STRATE_CUDA_LIBRARY names another file to load in its place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/allocator.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace strate {

// What the library needs of the engine: its errors, thrown here so that they have one type.
struct CudaHost {
  void (*fail_device)(const char* text);
  void (*fail_memory)(const char* text);
};

// Sizes and strides of two tensors of one shape, in elements; plain arrays, to be passed to a device.
struct CudaLayout {
  int rank;
  int64_t count, size[max_rank], to[max_rank], from[max_rank];
};

struct CudaRuntime {
  const char* (*name)();  // of the device, "executor" in tests
  Storage* (*allocate)(int64_t bytes);
  void (*copy)(void* to, const void* from, int64_t bytes);  // within the device
  void (*to_device)(void* to, const void* from, int64_t bytes);
  void (*to_host)(void* to, const void* from, int64_t bytes);       // waits for it
  void (*fill)(void* to, CudaLayout, int64_t item, uint64_t bits);  // every value has these bits
  void (*convert)(void* to, DType, const void* from, DType, CudaLayout);
  Flag* (*flag)(Storage*);   // its flag of non-finite values, in the device's memory; made at first use
  bool (*take_flag)(Flag*);  // whether it was raised, and clears it; waits for the device
  void (*count_up)(int64_t* number);
  void (*copy_unless)(void* to, const void* from, int64_t bytes,
                      const Flag* raised);  // bytes: a multiple of 4
  void (*synchronize)();
  int64_t (*stream)();  // all work is queued there; the number that DLPack passes
  MemoryUse (*memory_use)();
  void (*memory_left)(int64_t* free, int64_t* total);  // of the device, whoever uses it
  void (*reset_peak)();
  void (*release_memory)();

  void (*report)(double* out, const double* loss, const Flag*);  // out: loss, and 1 where the flag is raised

  // A few bytes on their way to the host, read when they are needed: a loss, some steps late.
  void* (*send)(const void* from, int64_t bytes);
  void (*receive)(void* to, void* sent);  // waits for it
  void (*drop)(void* sent);

  // Host memory on its way to the device, beside what is queued on the stream: cuda/core/transfer.h.
  Storage* (*allocate_pinned)(int64_t bytes);
  void* (*make_transfer)();
  void (*start_transfer)(void* transfer, void* to, const void* from, int64_t bytes);
  void (*follow_transfer)(void* transfer);
  void (*wait_transfer)(void* transfer);
  void (*drop_transfer)(void* transfer);

  // Launches between begin and end are recorded instead of run; what they allocate stays the recording's.
  void (*begin_capture)();
  void* (*end_capture)();     // the recording
  void (*abandon_capture)();  // after an error
  bool (*capturing)();
  void (*replay)(void* recording);
  void (*forget)(void* recording);
  void (*spoil)(
      void* recording);  // every block that no tensor views, the recording's too, is filled with ones

  void (*set_tile)(int tile);  // of products on tensor cores, for tests: 0 by shape, 1 small, 2 large
  void (*trace)(bool on);      // note the kernels that are launched
  const char* (*launched)();   // a line each: name, address of the function
};

template <class T> struct CudaOps;  // cpp/ops/cuda_table.h

struct CudaLibrary {
  int64_t layout;  // sizeof of all tables together: another build's library is refused
  const CudaRuntime* runtime;
  const CudaOps<float>* float_ops;
  const CudaOps<double>* double_ops;
  const CudaOps<bfloat16>* bfloat16_ops;
};

// The one symbol that the library exports. Without a usable device it returns null and says why.
constexpr const char* cuda_entry = "strate_cuda_open";
using CudaEntry = const CudaLibrary* (*)(const CudaHost*, const char** why_not);

extern const int64_t cuda_layout;   // of this build's tables; in cpp/ops, which know them
const CudaLibrary& cuda_library();  // throws DeviceError with the reason where it is unavailable
std::string cuda_unavailable();     // the reason, or empty
inline const CudaRuntime& cuda_runtime() { return *cuda_library().runtime; }

}  // namespace strate
