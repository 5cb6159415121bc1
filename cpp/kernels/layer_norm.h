// Layer normalisation of rows of any length. A row stays in the first cache between its passes.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct LayerNormKernels {
  // y = gamma (x - mean) inverse + beta; statistics (rows, 2): the mean and 1 / sqrt(variance + epsilon).
  // gamma or beta may be null.
  void (*forward)(T* y, double* statistics, const T* x, const T* gamma, const T* beta, int64_t rows,
                  int64_t length, double epsilon);
  void (*backward)(T* dx, const T* dy, const T* x, const double* statistics, const T* gamma, int64_t rows,
                   int64_t length);
  // Adds the sums over rows of dy and of dy xhat, for each place in a row.
  void (*sums)(double* sum, double* product, const T* dy, const T* x, const double* statistics, int64_t rows,
               int64_t length);

  template <class F> static void list(F&& visit) {
    visit("layer_norm.forward", member<&LayerNormKernels::forward>);
    visit("layer_norm.backward", member<&LayerNormKernels::backward>);
    visit("layer_norm.sums", member<&LayerNormKernels::sums>);
  }
};

}  // namespace strate
