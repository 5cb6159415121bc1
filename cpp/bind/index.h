// Indexing: integers, slices and an ellipsis give views. Nothing is gathered: that is an op.
#pragma once

#include "bind/bind.h"

namespace strate {

Tensor indexed(const Tensor&, py::object index);
Shape axes_of(Shape axes, int rank);  // a checked permutation of 0..rank-1
Tensor transposed(const Tensor&, const Shape& axes);

}  // namespace strate
