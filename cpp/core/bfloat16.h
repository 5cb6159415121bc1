// bfloat16: the upper half of a float32, so its range with 8 bits of precision. Conversion rounds to nearest,
// ties to even; NaN stays NaN. Constexpr and of internal linkage: device code and kernels compiled for any
// instruction set may include it.
#pragma once

#include <cstdint>

#include "core/device_code.h"

namespace strate {

struct bfloat16 {
  uint16_t bits;
};

STRATE_DEVICE static constexpr inline __attribute__((always_inline)) bfloat16 to_bfloat16(float value) {
  uint32_t bits = __builtin_bit_cast(uint32_t, value);
  // Rounding would carry a NaN whose payload is all ones into the sign; a set quiet bit keeps any NaN one.
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {uint16_t(bits >> 16 | 0x40u)};
  return {uint16_t((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
}

STRATE_DEVICE static constexpr inline __attribute__((always_inline)) float to_float(bfloat16 value) {
  return __builtin_bit_cast(float, uint32_t(value.bits) << 16);
}

// What numbers that are stored as T are computed in, and what belongs to them and is not stored as T:
// parameters, their gradients, sums.
template <class T> struct WideType {
  using Type = T;
};
template <> struct WideType<bfloat16> {
  using Type = float;
};
template <class T> using Wide = typename WideType<T>::Type;

}  // namespace strate
