// A mask: y = x where the mask is not 0, and 0 elsewhere, even where x is NaN. The mask stands for the last
// axes of x and is the same for all others. Derivative: dx = dy where the mask is not 0, 0 elsewhere: the
// same pass over dy. y is overwritten and may be x. Shapes: x, y (..., M...), mask (M...), of one type.
// Saved for backward: nothing.
#pragma once

#include "core/tensor.h"

namespace strate {

// Into y, which is contiguous, or into new memory where y has none.
Tensor mask(const Tensor& x, const Tensor& mask, const Tensor& y);

template <class T> struct MaskCuda {
  void (*rows)(T* y, const T* x, const T* mask, int64_t rows, int64_t length);
};

}  // namespace strate
