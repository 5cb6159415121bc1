// What gather and augment share: rows of a data set by index.
#pragma once

#include <algorithm>

#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {

inline int64_t row_length(const Tensor& source) {
  int64_t length = 1;
  for (int i = 1; i < source.rank(); i++) length *= source.shape()[i];
  return length;
}

inline Shape batch_shape(const Tensor& source, const Tensor& index) {
  Shape shape = source.shape();
  shape[0] = index.count();
  return shape;
}

// Memory that a batch is written to.
inline void check_batch(const char* op, const Tensor& out, const Shape& shape) {
  check(out.shape() == shape && out.contiguous() && !out.read_only(), op,
        "out is contiguous, writable memory of shape ", shape, "; got out=", Described{out});
}

inline int64_t rows_per_task(int64_t length) {
  return std::max<int64_t>(1, elementwise_grain / std::max<int64_t>(1, length));
}

inline void check_index_type(const char* op, const Tensor& index) {
  if (index.dtype() != DType::int64 || index.rank() != 1)
    fail_type(op, "index is int64 (B); got index=", Described{index});
}

// index is contiguous.
inline void check_index(const char* op, const Tensor& index_, int64_t rows) {
  const Tensor index = readable(index_);
  const int64_t* p = index.data<int64_t>();
  for (int64_t i = 0; i < index.count(); i++)
    if (p[i] < 0 || p[i] >= rows) [[unlikely]]
      fail_index(op, "0 <= index < ", rows, "; got index ", p[i], " at place ", i);
}

// The member of a table for rows of S: k.from_uint8 and its siblings.
template <class S, class K> auto kernel_from(const K& k) {
  if constexpr (std::is_same_v<S, int32_t>) return k.from_int32;
  else if constexpr (std::is_same_v<S, int64_t>) return k.from_int64;
  else if constexpr (std::is_same_v<S, float>) return k.from_float32;
  else if constexpr (std::is_same_v<S, double>) return k.from_float64;
  else return k.from_uint8;
}

// visit_dtype with bool read as the byte that it is.
template <class F> void visit_rows(DType type, F&& f) {
  visit_dtype(type, [&]<class S>() {
    f.template operator()<std::conditional_t<std::is_same_v<S, bool>, uint8_t, S>>();
  });
}

}  // namespace strate
