// Dropout: y = x / (1 - rate) where an element is kept, 0 where it is dropped, with probability `rate`.
// Derivative: dx = dy / (1 - rate) where kept, 0 elsewhere: the same pass over dy. dx is overwritten.
// Which elements are kept is a function of (seed, counter, stream, place of the element): kernels/dropout.h.
// Seed and counter are read from memory when the kernel runs. Shapes: y, dx as x; random, saved int64 (2):
// seed, counter. Saved for backward: the two numbers, no mask.
#pragma once

#include <utility>

#include "core/tensor.h"

namespace strate {

std::pair<Tensor, Tensor> dropout_forward(const Tensor& x, double rate, const Tensor& random, int64_t stream);
Tensor dropout_backward(const Tensor& dy, double rate, const Tensor& saved, int64_t stream);
double dropout_work(const Tensor&);  // nanoseconds on one thread

template <class T> struct DropoutCuda {
  // y = kept ? scale * x : 0, as in kernels/dropout.h.
  void (*apply)(T* y, const T* x, int64_t n, const int64_t* random, uint32_t stream, uint32_t threshold,
                Wide<T> scale);
};

}  // namespace strate
