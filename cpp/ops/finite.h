// Whether every number of a tensor is finite; and the flag that kernels raise when they write a loss or a
// weight gradient that is not.
#pragma once

#include "core/tensor.h"

namespace strate {

bool all_finite(const Tensor&);      // integers always are
bool take_nonfinite(const Tensor&);  // the flag of the memory that the tensor views; reading clears it

// Raises one tensor's flag where the other's is raised, which stays so. On a GPU without waiting: what a
// later kernel does is up to the flag that it is given, and a loss that is not finite stops an optimiser
// which is given the gradient's.
void pass_on_flag(const Tensor& to, const Tensor& from);

namespace cpu {
template <class T> void all_finite(Flag* finite, const T* x, int64_t n, double work);  // lowers the flag
}

template <class T> struct FiniteCuda {
  void (*find_other)(int32_t* found, const T* x, int64_t n);  // found = 1 where a number is not finite
  void (*pass_on_flag)(Flag* to, const Flag* from);
};

}  // namespace strate
