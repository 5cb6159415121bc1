// Two tensors into one, number by number, with the activation of the result; forward it takes no exponential.
// In the spread form every row of
// a meets the same row of b: one number of b for each map.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "kernels/member.h"

namespace strate {

enum class CombineKind : int32_t { add, multiply };

struct CombineFormula {
  CombineKind kind;
  ActivationKind activation;
  double slope;
};

template <class T> struct CombineKernels {
  void (*forward)(T* y, const T* a, const T* b, int64_t n, CombineFormula);
  // y, a (rows, length), b (length).
  void (*forward_spread)(T* y, const T* a, const T* b, int64_t rows, int64_t length, CombineFormula);
  // da = b g'(y) dy, db = a g'(y) dy; of a product.
  void (*backward)(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, int64_t n, CombineFormula);
  // The same for the first `length` of rows that are `stride` apart; db (length) is summed over the rows.
  // a and b may be null for a sum.
  void (*backward_spread)(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, int64_t rows,
                          int64_t length, int64_t stride, CombineFormula);

  template <class F> static void list(F&& visit) {
    visit("combine.forward", member<&CombineKernels::forward>);
    visit("combine.forward_spread", member<&CombineKernels::forward_spread>);
    visit("combine.backward", member<&CombineKernels::backward>);
    visit("combine.backward_spread", member<&CombineKernels::backward_spread>);
  }
};

}  // namespace strate
