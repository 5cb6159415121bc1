#include "core/orthonormal.h"

#include <cmath>

#include "core/check.h"
#include "core/dispatch.h"

namespace strate {
namespace cpu {
namespace {

// Four sums, so that additions need not wait for one another.
double dot(const double* a, const double* b, int64_t n) {
  double sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int k = 0; k < 4; k++) sums[k] += a[i + k] * b[i + k];
  for (; i < n; i++) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void orthonormalize(double* rows, int64_t count, int64_t length) {
  for (int64_t i = 0; i < count; i++) {
    double* row = rows + i * length;
    for (int pass = 0; pass < 2; pass++)
      for (int64_t j = 0; j < i; j++) {
        const double* other = rows + j * length;
        const double share = dot(row, other, length);
        for (int64_t k = 0; k < length; k++) row[k] -= share * other[k];
      }
    const double scale = 1 / std::sqrt(dot(row, row, length));
    for (int64_t k = 0; k < length; k++) row[k] *= scale;
  }
}

}  // namespace
}  // namespace cpu

void orthonormalize(const Tensor& rows) {
  check(rows.dtype() == DType::float64 && rows.rank() == 2 && rows.contiguous() &&
            rows.shape()[0] <= rows.shape()[1],
        "orthonormalize", "rows is a contiguous float64 (k, n), k <= n; got rows=", dtype_name(rows.dtype()),
        " ", rows.shape());
  run(cpu::orthonormalize, rows, rows.shape()[0], rows.shape()[1]);
}

}  // namespace strate
