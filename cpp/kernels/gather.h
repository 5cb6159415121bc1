// Rows by index, cast to T and scaled: out[r] = T(source[index[r]]) * scale. `length` numbers in a row.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct GatherKernels {
  void (*from_uint8)(T* out, const uint8_t* source, const int64_t* index, int64_t rows, int64_t length,
                     T scale);
  void (*from_int32)(T* out, const int32_t* source, const int64_t* index, int64_t rows, int64_t length,
                     T scale);
  void (*from_int64)(T* out, const int64_t* source, const int64_t* index, int64_t rows, int64_t length,
                     T scale);
  void (*from_float32)(T* out, const float* source, const int64_t* index, int64_t rows, int64_t length,
                       T scale);
  void (*from_float64)(T* out, const double* source, const int64_t* index, int64_t rows, int64_t length,
                       T scale);

  template <class F> static void list(F&& visit) {
    visit("gather.from_uint8", member<&GatherKernels::from_uint8>);
    visit("gather.from_int32", member<&GatherKernels::from_int32>);
    visit("gather.from_int64", member<&GatherKernels::from_int64>);
    visit("gather.from_float32", member<&GatherKernels::from_float32>);
    visit("gather.from_float64", member<&GatherKernels::from_float64>);
  }
};

}  // namespace strate
