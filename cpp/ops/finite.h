// Whether every number of a tensor is finite; and the flag that kernels raise when they write a loss or a
// weight gradient that is not.
#pragma once

#include "core/tensor.h"

namespace strate {

bool all_finite(const Tensor&);      // integers always are
bool take_nonfinite(const Tensor&);  // the flag of the memory that the tensor views; reading clears it

}  // namespace strate
