// Rows of a data set by index: out[r] = source[index[r]], cast to `dtype` and multiplied by `scale` in the
// same pass. Shapes: source (N, ...) of any element type, index int64 (B), out (B, ...). Scaling needs a
// float32 or float64 result. The index may lie on another device than the source: it goes where that is.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace strate {

// Without dtype the rows keep their type, and scale is 1. An index outside the source throws an IndexError
// that names it.
Tensor gather(const Tensor& source, const Tensor& index, double scale, std::optional<DType> dtype);
// The same into memory that is there already, whose type says what the rows become.
void gather_into(const Tensor& out, const Tensor& source, const Tensor& index, double scale);
Tensor gather_rows(const Tensor& source, const Tensor& index, double scale,
                   DType);                                      // its arguments are checked
double gather_work(const Tensor& source, const Tensor& index);  // nanoseconds on one thread

template <class T> struct GatherCuda {
  void (*rows)(T* out, const void* source, DType, const int64_t* index, int64_t rows, int64_t length,
               double scale);
  void (*bytes)(char* out, const char* source, const int64_t* index, int64_t rows, int64_t bytes);
};

}  // namespace strate
