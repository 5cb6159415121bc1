// What most ops ask of their tensors, and how long a pass over memory takes.
#pragma once

#include <string_view>

#include "core/check.h"
#include "core/tensor.h"

namespace strate {

// "float32 (64, 10)": a tensor in a message.
struct Described {
  const Tensor& tensor;
};
inline std::ostream& operator<<(std::ostream& out, const Described& d) {
  return out << dtype_name(d.tensor.dtype()) << " " << d.tensor.shape();
}

inline void check_real(std::string_view op, const char* name, const Tensor& t) {
  if (!is_real(t.dtype())) [[unlikely]]
    fail_type(op, name, " is float32 or float64; got ", name, "=", Described{t});
}

// Of an op that also works on what a device stores as bfloat16.
inline void check_stored(std::string_view op, const char* name, const Tensor& t) {
  if (t.dtype() != DType::bfloat16) check_real(op, name, t);
}

inline void check_same_device(std::string_view op, const char* a_name, const Tensor& a, const char* b_name,
                              const Tensor& b) {
  check(a.device() == b.device(), op, a_name, " and ", b_name, " lie on one device; got ", a_name, " on ",
        device_name(a.device()), ", ", b_name, " on ", device_name(b.device()));
}

inline void check_same_type(std::string_view op, const char* a_name, const Tensor& a, const char* b_name,
                            const Tensor& b) {
  check_same_device(op, a_name, a, b_name, b);
  if (a.dtype() != b.dtype()) [[unlikely]]
    fail_type(op, a_name, " and ", b_name, " have one element type; got ", a_name, "=", Described{a}, ", ",
              b_name, "=", Described{b});
}

// A parameter of x, or its gradient: of the type that x is computed in.
inline void check_parameter_type(std::string_view op, const char* x_name, const Tensor& x, const char* name,
                                 const Tensor& t) {
  if (x.dtype() != DType::bfloat16) return check_same_type(op, x_name, x, name, t);
  check_same_device(op, x_name, x, name, t);
  if (t.dtype() != DType::float32) [[unlikely]]
    fail_type(op, name, " is float32 where ", x_name, " is bfloat16; got ", name, "=", Described{t});
}

inline void check_same_shape(std::string_view op, const char* a_name, const Tensor& a, const char* b_name,
                             const Tensor& b) {
  check(a.shape() == b.shape(), op, a_name, " and ", b_name, " have one shape; got ", a_name, "=", a.shape(),
        ", ", b_name, "=", b.shape());
}

inline Tensor contiguous_or_none(const Tensor& t) { return t.defined() ? contiguous(t) : t; }

// Where a number that is not finite is noted, if there is a tensor to be written.
inline Flag* flag_of(const Tensor& t) { return t.defined() ? t.nonfinite() : nullptr; }

// Nanoseconds to move this much on one thread: about 50 GB/s while it stays in a cache, 10 GB/s beyond.
inline double streaming_time(int64_t bytes) {
  constexpr int64_t cached = 16 << 20;
  return bytes <= cached ? double(bytes) * 0.02 : double(cached) * 0.02 + double(bytes - cached) * 0.1;
}

// Elements in a task of an elementwise loop.
constexpr int64_t elementwise_grain = 32768;

}  // namespace strate
