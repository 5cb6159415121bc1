// Batch normalisation of a matrix whose columns are channels. Columns are vectorised: a column's terms stay
// in registers, or are read once for four rows. Activations are those that take no exponential. In `moments`
// and `sums`, `row` is the step from row to row.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "kernels/member.h"

namespace strate {

// What each column is computed with: z = (x - center) scale + offset, dx = dz_factor dz + x_factor (x -
// center) + constant. x_factor and constant may be null, for zeros.
template <class T> struct NormTerms {
  const T *center, *scale, *offset, *dz_factor, *x_factor, *constant;
};

template <class T> struct BatchNormKernels {
  // Of each column the mean, and the sum of squared differences from it.
  void (*moments)(double* mean, double* squares, const T* x, int64_t row, int64_t rows, int64_t columns);
  // y = g(z).
  void (*forward)(T* y, const T* x, NormTerms<T> terms, int64_t rows, int64_t columns, ActivationKind kind,
                  T slope);
  // Of each column the sums of dz and of dz (x - center), dz = dy g'(z).
  void (*sums)(double* sum, double* product, const T* dy, const T* x, NormTerms<T> terms, int64_t row,
               int64_t rows, int64_t columns, ActivationKind kind, T slope);
  void (*backward)(T* dx, const T* dy, const T* x, NormTerms<T> terms, int64_t rows, int64_t columns,
                   ActivationKind kind, T slope);
  // to[o, c, i] = from[o, c, i] factor[c].
  void (*scale)(T* to, const T* from, const T* factor, int64_t outer, int64_t channels, int64_t inner);

  template <class F> static void list(F&& visit) {
    visit("batch_norm.moments", member<&BatchNormKernels::moments>);
    visit("batch_norm.forward", member<&BatchNormKernels::forward>);
    visit("batch_norm.sums", member<&BatchNormKernels::sums>);
    visit("batch_norm.backward", member<&BatchNormKernels::backward>);
    visit("batch_norm.scale", member<&BatchNormKernels::scale>);
  }
};

}  // namespace strate
