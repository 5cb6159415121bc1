// Matrix products and ldmatrix of a warp, in the register layouts that cuda/core/instructions.h states.

#include <cstring>

#include "block.h"

namespace executor {

namespace {
constexpr int rows = 16, columns = 8;
constexpr unsigned tf32_bits = ~0x1fffu, all_lanes = ~0u;

float as_float(uint32_t bits) { return __builtin_bit_cast(float, bits); }
float lower(uint32_t pair) { return as_float(pair << 16); }
float upper(uint32_t pair) { return as_float(pair & 0xffff0000u); }

struct Operands {
  float* d;
  const uint32_t *a, *b;
};

void read_tf32(float (&A)[rows][8], float (&B)[8][columns], const Operands& own, int group, int place) {
  for (int e = 0; e < 4; e++) A[group + e % 2 * 8][place + e / 2 * 4] = as_float(own.a[e] & tf32_bits);
  for (int e = 0; e < 2; e++) B[place + e * 4][group] = as_float(own.b[e] & tf32_bits);
}

void read_bf16(float (&A)[rows][16], float (&B)[16][columns], const Operands& own, int group, int place) {
  for (int e = 0; e < 4; e++) {
    A[group + e % 2 * 8][place * 2 + e / 2 * 8] = lower(own.a[e]);
    A[group + e % 2 * 8][place * 2 + e / 2 * 8 + 1] = upper(own.a[e]);
  }
  for (int e = 0; e < 2; e++) {
    B[place * 2 + e * 8][group] = lower(own.b[e]);
    B[place * 2 + e * 8 + 1][group] = upper(own.b[e]);
  }
}

template <int K, class Read> void multiply(Thread* lanes, Read read) {
  float A[rows][K], B[K][columns], D[rows][columns];
  for (int lane = 0; lane < 32; lane++) {
    const Operands& own = *static_cast<Operands*>(lanes[lane].argument);
    read(A, B, own, lane / 4, lane % 4);
    for (int e = 0; e < 4; e++) D[lane / 4 + e / 2 * 8][lane % 4 * 2 + e % 2] = own.d[e];
  }
  for (int r = 0; r < rows; r++)
    for (int k = 0; k < K; k++)
      for (int c = 0; c < columns; c++) D[r][c] += A[r][k] * B[k][c];
  for (int lane = 0; lane < 32; lane++) {
    const Operands& own = *static_cast<Operands*>(lanes[lane].argument);
    for (int e = 0; e < 4; e++) own.d[e] = D[lane / 4 + e / 2 * 8][lane % 4 * 2 + e % 2];
  }
}

void need_full_warp(const char* operation, Site site) {
  Block& block = this_block();
  if (block.warp_of(block.current()).existing != all_lanes)
    block.fail_here(operation, site, "a matrix instruction needs all 32 lanes of the warp");
}

struct MatrixRows {
  uint32_t* r;
  const char* row;
};
}  // namespace

uint32_t to_tf32(float x) {
  constexpr uint32_t quiet_nan = 0x7fffffffu, half = 0x1000u;
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  if (x != x) return quiet_nan;
  return (bits & 0x7fffffffu) == 0x7f800000u ? bits : (bits + half) & tf32_bits;
}

void mma_m16n8k8_tf32(float* d, const uint32_t* a, const uint32_t* b, Site site) {
  constexpr const char* name = "mma.m16n8k8.tf32";
  need_full_warp(name, site);
  Operands own{d, a, b};
  this_block().collective(name, all_lanes, &own, site,
                          [](Thread* lanes, unsigned) { multiply<8>(lanes, read_tf32); });
}

void mma_m16n8k16_bf16(float* d, const uint32_t* a, const uint32_t* b, Site site) {
  constexpr const char* name = "mma.m16n8k16.bf16";
  need_full_warp(name, site);
  Operands own{d, a, b};
  this_block().collective(name, all_lanes, &own, site,
                          [](Thread* lanes, unsigned) { multiply<16>(lanes, read_bf16); });
}

void ldmatrix_x4(uint32_t* r, const void* row, bool transposed, Site site) {
  constexpr const char* name = "ldmatrix.x4";
  Block& block = this_block();
  need_full_warp(name, site);
  if (uintptr_t(row) % 16) block.fail_here(name, site, "ldmatrix: a row is aligned to 16 bytes");
  if (!block.shared().contains(row, 16)) block.fail_here(name, site, "ldmatrix: a row lies in shared memory");
  reads(row, 16);
  MatrixRows own{r, static_cast<const char*>(row)};
  block.collective(name, all_lanes, &own, site, [transposed](Thread* lanes, unsigned) {
    const auto value = [&](int matrix, int line, int column) {
      uint16_t bits;
      memcpy(&bits, static_cast<MatrixRows*>(lanes[matrix * 8 + line].argument)->row + column * 2, 2);
      return uint32_t(bits);
    };
    for (int lane = 0; lane < 32; lane++)
      for (int q = 0; q < 4; q++) {
        const int group = lane / 4, place = lane % 4 * 2;
        uint32_t& to = static_cast<MatrixRows*>(lanes[lane].argument)->r[q];
        if (transposed) to = value(q, place, group) | value(q, place + 1, group) << 16;
        else to = value(q, group, place) | value(q, group, place + 1) << 16;
      }
  });
}

}  // namespace executor
