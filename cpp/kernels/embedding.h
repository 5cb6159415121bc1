// Sums of rows by index: dweight[index[r]] += dy[r], for some columns of every row, one row after the other.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

template <class T> struct EmbeddingKernels {
  // Overwrites `columns` columns of all `vocabulary` rows of dweight, which are `length` numbers apart, as
  // are dy's. False if one of the sums is not finite.
  bool (*scatter)(T* dweight, const T* dy, const int64_t* index, int64_t rows, int64_t vocabulary,
                  int64_t length, int64_t columns);

  template <class F> static void list(F&& visit) {
    visit("embedding.scatter", member<&EmbeddingKernels::scatter>);
  }
};

}  // namespace strate
