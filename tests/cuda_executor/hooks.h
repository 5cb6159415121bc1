// What a running kernel asks of the executor. Kernels call CUDA's names for these (intrinsics.h,
// cuda/core/instructions.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>

#include "language.h"

namespace executor {

// The line of a kernel from which something is called, for messages and to tell barriers apart.
using Site = std::source_location;

// Of the CUDA thread that now runs on this thread of the operating system. The model of its storage is the
// one that costs one instruction also in a shared library.
struct Position {
  uint3 thread, block;
  dim3 block_size, grid_size;
};
extern constinit thread_local Position position __attribute__((tls_model("initial-exec")));

// Shared memory of the block: all bits set (NaN, -1) until written, red zones between arrays.
void* static_shared(const void* declaration, size_t bytes, size_t alignment);
void* dynamic_shared();

template <class T> struct SharedType {
  using Type = T;
};
#define EXECUTOR_SHARED(name, ...)                                                    \
  static char executor_declaration_of_##name;                                         \
  using executor_type_of_##name = typename ::executor::SharedType<__VA_ARGS__>::Type; \
  auto& name = *static_cast<executor_type_of_##name*>(::executor::static_shared(      \
      &executor_declaration_of_##name, sizeof(executor_type_of_##name), alignof(executor_type_of_##name)))

// Waits for the block; returns for how many threads `predicate` held.
int sync_block(bool predicate, const char* operation, Site);
void sync_warp(unsigned mask, Site);

enum class Shuffle { index, up, down, exclusive_or };
uint64_t shuffle(Shuffle, unsigned mask, uint64_t value, int argument, int width, Site);
unsigned ballot(unsigned mask, bool predicate, const char* operation, Site);

// From here on the thread's atomics order memory between blocks.
void fence();
void atomic_done(void* address);

uint32_t to_tf32(float);
void mma_m16n8k8_tf32(float* d, const uint32_t* a, const uint32_t* b, Site);
void mma_m16n8k16_bf16(float* d, const uint32_t* a, const uint32_t* b, Site);
void ldmatrix_x4(uint32_t* r, const void* row, bool transposed, Site);
void cp_async(void* shared, const void* global, int bytes, int present, Site);
void cp_async_commit();
void cp_async_wait(int groups_in_flight);

}  // namespace executor
