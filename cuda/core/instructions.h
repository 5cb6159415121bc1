// The few instructions that C++ cannot spell (sm_80 and later), under the same names on a GPU and on the
// executor of the tests.
//
// Registers of the matrix products, with group = lane / 4 and place = lane % 4:
//   tf32 m16n8k8:   a[e] = A[group + e % 2 * 8][place + e / 2 * 4],  b[e] = B[place + e * 4][group]
//   bf16 m16n8k16:  a[e] = A[group + e % 2 * 8][place * 2 + e / 2 * 8 .. + 1],
//                   b[e] = B[place * 2 + e * 8 .. + 1][group], two values in a word, the first in its lower
//                   half
//   both:           d[e] = D[group + e / 2 * 8][place * 2 + e % 2], d += a b
// ldmatrix: lanes 8q .. 8q+7 give the rows of matrix q, 8x8 of 16 bits; afterwards r[q] of a lane holds
// the values [group][place * 2 .. + 1] of matrix q, or of its transpose.
#pragma once

#include "core/bfloat16.h"
#include "cuda/core/cuda.h"

namespace strate::cuda {

#if defined(__CUDACC__)

#define STRATE_INSTRUCTION __device__ __forceinline__

// Nearest, ties away from zero: the 19 bits that a tf32 product reads.
STRATE_INSTRUCTION uint32_t to_tf32(float x) {
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
}

// Two bfloat16 in a word, the first in its lower half: nearest, ties to even.
STRATE_INSTRUCTION uint32_t to_bfloat16_pair(float low, float high) {
  uint32_t bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
  return bits;
}

STRATE_INSTRUCTION void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

STRATE_INSTRUCTION void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

STRATE_INSTRUCTION void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(uint32_t(__cvta_generic_to_shared(row)))
               : "memory");
}
STRATE_INSTRUCTION void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(uint32_t(__cvta_generic_to_shared(row)))
               : "memory");
}

// Bytes (4, 8 or 16) from global to shared memory without passing through registers; of these only `present`
// are read and the rest becomes zero. 16 bytes bypass the L1 cache.
template <int Bytes> STRATE_INSTRUCTION void cp_async(void* shared, const void* global, int present = Bytes) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  const uint32_t to = uint32_t(__cvta_generic_to_shared(shared));
  if constexpr (Bytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(present)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(to), "l"(global), "n"(Bytes),
                 "r"(present)
                 : "memory");
}
STRATE_INSTRUCTION void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Returns when at most N of the thread's committed groups are still in flight. Other threads see what was
// copied after a barrier.
template <int N> STRATE_INSTRUCTION void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

#else

#define STRATE_INSTRUCTION inline

STRATE_INSTRUCTION uint32_t to_bfloat16_pair(float low, float high) {
  return uint32_t(to_bfloat16(low).bits) | uint32_t(to_bfloat16(high).bits) << 16;
}
STRATE_INSTRUCTION uint32_t to_tf32(float x) { return executor::to_tf32(x); }
STRATE_INSTRUCTION void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                         executor::Site site = executor::Site::current()) {
  executor::mma_m16n8k8_tf32(d, a, b, site);
}
STRATE_INSTRUCTION void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                          executor::Site site = executor::Site::current()) {
  executor::mma_m16n8k16_bf16(d, a, b, site);
}
STRATE_INSTRUCTION void ldmatrix_x4(uint32_t (&r)[4], const void* row,
                                    executor::Site site = executor::Site::current()) {
  executor::ldmatrix_x4(r, row, false, site);
}
STRATE_INSTRUCTION void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row,
                                          executor::Site site = executor::Site::current()) {
  executor::ldmatrix_x4(r, row, true, site);
}
template <int Bytes>
STRATE_INSTRUCTION void cp_async(void* shared, const void* global, int present = Bytes,
                                 executor::Site site = executor::Site::current()) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  executor::cp_async(shared, global, Bytes, present, site);
}
STRATE_INSTRUCTION void cp_async_commit() { executor::cp_async_commit(); }
template <int N> STRATE_INSTRUCTION void cp_async_wait() { executor::cp_async_wait(N); }

#endif

#undef STRATE_INSTRUCTION

}  // namespace strate::cuda
