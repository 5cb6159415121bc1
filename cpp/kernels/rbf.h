// Squared distances between the rows of two matrices, and their gradient by the first.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct RbfKernels {
  // y[r, i] = -sum over j of (x[r, j] - codes[i, j])^2 for rows begin..end of x.
  void (*forward)(T* y, const T* x, const T* codes, int64_t begin, int64_t end, int64_t units,
                  int64_t inputs);
  // dx[r, j] = -2 sum over i of dy[r, i] (x[r, j] - codes[i, j]).
  void (*backward)(T* dx, const T* dy, const T* x, const T* codes, int64_t begin, int64_t end, int64_t units,
                   int64_t inputs);

  template <class F> static void list(F&& visit) {
    visit("rbf.forward", member<&RbfKernels::forward>);
    visit("rbf.backward", member<&RbfKernels::backward>);
  }
};

}  // namespace strate
