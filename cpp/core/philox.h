// Philox4x32-10: random numbers as a function of a key and a counter, without state (Salmon, Moraes, Dror,
// Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Number i of a stream is the same on every
// machine and for every number of threads, because nothing precedes it. Plain integers, internal linkage:
// kernels compiled for any instruction set may include it.
#pragma once

#include <cstdint>

#include "core/device_code.h"

namespace strate {

struct Philox4 {
  uint32_t word[4];
};

STRATE_DEVICE static inline __attribute__((always_inline)) Philox4 philox(uint64_t key, uint64_t index,
                                                                          uint64_t stream) {
  uint32_t c0 = uint32_t(index), c1 = uint32_t(index >> 32), c2 = uint32_t(stream),
           c3 = uint32_t(stream >> 32);
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = uint64_t(0xD2511F53u) * c0, p1 = uint64_t(0xCD9E8D57u) * c2;
    uint32_t n0 = uint32_t(p1 >> 32) ^ c1 ^ k0, n2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
    c1 = uint32_t(p1);
    c3 = uint32_t(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace strate
