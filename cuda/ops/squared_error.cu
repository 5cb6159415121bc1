#include "ops/squared_error.h"

#include "cuda/ops/loss.h"

namespace strate::cuda {
namespace {

struct Square {
  __device__ Term operator()(double y, double target) const {
    const double d = y - target;
    return {d * d, d};
  }
};

template <class T>
void loss(double* to, Flag* nonfinite, double* sums, T* dy, const T* y, const T* target, int64_t n,
          double factor, double share) {
  sum_terms("squared_error", to, nonfinite, sums, dy, y, target, n, Square{}, 2 * factor * share,
            factor * share);
}

}  // namespace

void fill(SquaredErrorCuda<float>& part) { part = {loss<float>}; }
void fill(SquaredErrorCuda<double>& part) { part = {loss<double>}; }

}  // namespace strate::cuda
