// Embedding: y[...] = weight[index[...]], a row of weights for every word.
// Derivative: dweight[v] = sum of dy[r] over the places r with index[r] = v, added in their order; dweight is
// overwritten whole. A whole number has no derivative.
// Shapes: x (...) whole numbers in 0 ... V - 1, of any element type; weight, dweight (V, U); y, dy (..., U).
// Saved for backward: index, int64 (...). x may lie on another device than the weights: the index goes where
// they are.
#pragma once

#include <utility>

#include "core/tensor.h"

namespace strate {

// (y, index). A number that is not whole or out of range is a ValueError that names its place in x.
std::pair<Tensor, Tensor> embedding_forward(const Tensor& x, const Tensor& weight);
void embedding_backward(const Tensor& dy, const Tensor& index, const Tensor& dweight);
double embedding_work(const Tensor& x, const Tensor& weight);  // nanoseconds on one thread

template <class T> struct EmbeddingCuda {
  void (*backward)(T* dweight, Flag*, const T* dy, const int64_t* index, int64_t rows, int64_t vocabulary,
                   int64_t units);
};

}  // namespace strate
