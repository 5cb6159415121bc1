// Element types: float32 and float64 for computing, integers for labels and indices, uint8 for images and
// masks, and on a device bfloat16, in which what goes between layers may be stored; it is computed in
// float32.
#pragma once

#include <cstdint>
#include <string>

#include "core/bfloat16.h"

namespace strate {

enum class DType : uint8_t { float32, float64, int32, int64, uint8, boolean, bfloat16 };
constexpr int dtype_count = 7;

constexpr int64_t item_size(DType d) {
  constexpr int64_t sizes[dtype_count] = {4, 8, 4, 8, 1, 1, 2};
  return sizes[int(d)];
}
constexpr bool is_real(DType d) { return d == DType::float32 || d == DType::float64; }
// What numbers stored so are computed in, and their parameters lie in.
constexpr DType wide(DType d) { return d == DType::bfloat16 ? DType::float32 : d; }
constexpr const char* dtype_name(DType d) {
  constexpr const char* names[dtype_count] = {"float32", "float64", "int32",   "int64",
                                              "uint8",   "bool",    "bfloat16"};
  return names[int(d)];
}
DType dtype_of_name(const std::string& name);  // throws a TypeError that lists the names

template <class T> constexpr DType dtype_of = DType::uint8;
template <> inline constexpr DType dtype_of<float> = DType::float32;
template <> inline constexpr DType dtype_of<double> = DType::float64;
template <> inline constexpr DType dtype_of<int32_t> = DType::int32;
template <> inline constexpr DType dtype_of<int64_t> = DType::int64;
template <> inline constexpr DType dtype_of<bool> = DType::boolean;
template <> inline constexpr DType dtype_of<bfloat16> = DType::bfloat16;

// Calls f.operator()<T>() with the element type of d, which is not bfloat16.
template <class F> decltype(auto) visit_dtype(DType d, F&& f) {
  switch (d) {
    case DType::float32:
      return f.template operator()<float>();
    case DType::float64:
      return f.template operator()<double>();
    case DType::int32:
      return f.template operator()<int32_t>();
    case DType::int64:
      return f.template operator()<int64_t>();
    case DType::boolean:
      return f.template operator()<bool>();
    default:
      return f.template operator()<uint8_t>();
  }
}

// Calls f.operator()<float or double>(); d has been checked to be one of them.
template <class F> decltype(auto) visit_real(DType d, F&& f) {
  return d == DType::float64 ? f.template operator()<double>() : f.template operator()<float>();
}

// The same where d may be bfloat16 as well.
template <class F> decltype(auto) visit_stored(DType d, F&& f) {
  return d == DType::bfloat16 ? f.template operator()<bfloat16>() : visit_real(d, f);
}

}  // namespace strate
