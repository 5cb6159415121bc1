// Rows of a matrix made orthonormal: Gram-Schmidt, each row twice, because once leaves rounding errors that
// grow with the matrix. Our own rather than a library's, which would choose its sums by processor.
#pragma once

#include "core/tensor.h"

namespace strate {

// In place. rows: float64 (k, n), k <= n, contiguous and linearly independent.
void orthonormalize(const Tensor& rows);

}  // namespace strate
