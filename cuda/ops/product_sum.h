// Long sums whose order is fixed by the shape alone: of the chunks of a product, and of the columns of a
// matrix.
#pragma once

#include "core/allocator.h"
#include "core/bfloat16.h"

namespace strate::cuda {

// to[i] = sum over the chunks, in their order, of partial[chunk][i]; a number that is not finite raises the
// flag.
template <class T>
void sum_chunks(const char* name, T* to, const T* partial, int64_t count, int chunks, Flag* flag);

// to (columns) = column sums of x (rows, columns). A block has 32 columns and one of at most 16 chunks of
// rows, which its slices take in turn; slices and chunks are added in their order.
constexpr int sum_slices = 16, sum_columns = 32;
int sums_chunks(int64_t rows, int64_t columns);
int64_t column_sums_workspace(int64_t rows, int64_t columns);  // numbers
template <class T>
void column_sums(const char* name, Wide<T>* to, const T* x, int64_t rows, int64_t columns, Wide<T>* workspace,
                 Flag* flag);

}  // namespace strate::cuda
