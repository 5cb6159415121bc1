// Numbers where a mask is not 0, and 0 elsewhere, whatever stood there.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct MaskKernels {
  // y[r, i] = mask[i] != 0 ? x[r, i] : 0 for rows of this length; y may be x.
  void (*rows)(T* y, const T* x, const T* mask, int64_t rows, int64_t length);

  template <class F> static void list(F&& visit) { visit("mask.rows", member<&MaskKernels::rows>); }
};

}  // namespace strate
