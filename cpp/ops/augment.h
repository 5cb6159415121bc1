// A batch of images by index, changed at random on the way: out[r] is source[index[r]], mirrored left to
// right with probability 1/2 if `flip`, then moved by up to `shift` pixels in each direction with zeros
// moving in, cast to `dtype` and multiplied by `scale`, in the pass that gathers it. The draw is a function
// of (seed, counter, row in the source), so neither the batch nor the threads matter; seed and counter are
// read from memory when the kernel runs: kernels/augment.h. Shapes: source (N, H, W, C) of any element type,
// index int64 (B), random int64 (2): seed, counter; out (B, H, W, C), float32 or float64. Index and random
// may lie on another device than the source: they go where that is.
#pragma once

#include "core/tensor.h"
#include "kernels/augment.h"

namespace strate {

struct Augmentation {
  bool flip;
  int64_t shift;
};

Tensor augment(const Tensor& source, const Tensor& index, const Augmentation&, const Tensor& random,
               double scale, DType);
// The same into memory that is there already.
void augment_into(const Tensor& out, const Tensor& source, const Tensor& index, const Augmentation&,
                  const Tensor& random, double scale);
double augment_work(const Tensor& source, const Tensor& index);  // nanoseconds on one thread

template <class T> struct AugmentCuda {
  void (*rows)(T* out, const void* source, DType, const int64_t* index, int64_t rows, double scale,
               const int64_t* random, AugmentedImages);
};

}  // namespace strate
