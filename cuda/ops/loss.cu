#include "cuda/ops/loss.h"

namespace strate::cuda {
namespace {

__global__ void loss_kernel(double* loss, Flag* nonfinite, const double* sums, int64_t n, double factor) {
  const double value = factor * sum_of(sums, n);
  if (threadIdx.x > 0) return;
  *loss = value;
  if (!is_finite(value)) raise(nonfinite);
}

}  // namespace

void write_loss(double* loss, Flag* nonfinite, const double* sums, int64_t n, double factor) {
  launch("loss", loss_kernel, blocks_of(1), loss, nonfinite, sums, n, factor);
}

}  // namespace strate::cuda
