// Labels of any integer type: uint8, int32 or int64, told by their size.
#pragma once

#include <cstdint>

#include "core/device_code.h"

namespace strate {

STRATE_DEVICE static inline __attribute__((always_inline)) int64_t label_at(const void* labels, int64_t bytes,
                                                                            int64_t row) {
  return bytes == 1   ? int64_t(static_cast<const uint8_t*>(labels)[row])
         : bytes == 4 ? int64_t(static_cast<const int32_t*>(labels)[row])
                      : static_cast<const int64_t*>(labels)[row];
}

}  // namespace strate
