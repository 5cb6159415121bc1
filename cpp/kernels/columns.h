// A matrix by columns: groups of registers that go down its rows together, so that what belongs to a column
// stays in registers.
#pragma once

#include "simd/partial.h"

namespace strate::STRATE_ISA {

// Rows that are summed in T before the sum is carried on in double precision.
constexpr int64_t block_rows = 64;

// f.operator()<count, partial>(column, first) for groups of `most` registers, then single ones; a partial
// register has only the lanes of `first`.
template <class T, int most, class F> STRATE_INLINE void for_columns(int64_t columns, F f) {
  int64_t c = 0;
  for (; c + most * lanes<T> <= columns; c += most * lanes<T>)
    f.template operator()<most, false>(c, First<T>{});
  for (; c + lanes<T> <= columns; c += lanes<T>) f.template operator()<1, false>(c, First<T>{});
  if (c < columns) f.template operator()<1, true>(c, first<T>(columns - c));
}

// f(offset, rows) for blocks of rows.
template <class F> STRATE_INLINE void for_blocks(int64_t rows, F f) {
  for (int64_t from = 0; from < rows; from += block_rows)
    f(from, rows - from < block_rows ? rows - from : block_rows);
}

// Adds the first `count` lanes to sums in double precision.
template <class T> STRATE_INLINE void add_lanes(double* sum, Vec<T> v, int64_t count) {
  alignas(register_bytes) T a[lanes<T>];
  store<T>(a, v);
  if (count >= lanes<T>)
    for (int i = 0; i < lanes<T>; i++) sum[i] += double(a[i]);
  else
    for (int64_t i = 0; i < count; i++) sum[i] += double(a[i]);
}

}  // namespace strate::STRATE_ISA
