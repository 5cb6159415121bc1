// Checks that the normalisations share: tensors of one number for each channel, the last axis of x.
#pragma once

#include <cmath>

#include "ops/operands.h"

namespace strate {

// A contiguous tensor of one number for each channel; none stays none where it is optional.
inline Tensor per_channel(const char* op, const char* name, const Tensor& t, const Tensor& x,
                          int64_t channels, bool optional) {
  if (optional && !t.defined()) return t;
  check(t.defined(), op, name, " is needed; got ", name, "=None");
  check_parameter_type(op, "x", x, name, t);
  check(t.shape() == Shape{channels}, op, name, " has one number for each channel, ", Shape{channels},
        "; got ", name, "=", t.shape());
  return contiguous(t);
}

// The same of a tensor that the op writes, if there is one.
inline void check_written_channels(const char* op, const char* name, const Tensor& t, const Tensor& x,
                                   int64_t channels) {
  if (!t.defined()) return;
  per_channel(op, name, t, x, channels, true);
  check(!t.read_only() && t.contiguous(), op, name, " is written: contiguous, and not read-only");
}

// Contiguous, and on a device at a multiple of the 16 bytes that its kernels read at a time.
inline Tensor contiguous_aligned(const Tensor& t_) {
  const Tensor t = contiguous(t_);
  const bool aligned = reinterpret_cast<uintptr_t>(t.raw()) % 16 == 0;
  return t.device() == Device::cpu || aligned ? t : cloned(t);
}

inline void check_epsilon(const char* op, double epsilon) {
  check(std::isfinite(epsilon) && epsilon > 0, op, "epsilon is above 0; got epsilon=", epsilon);
}

}  // namespace strate
