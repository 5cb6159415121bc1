#include "ops/pointwise_loss.h"

#include "cuda/ops/loss.h"

namespace strate::cuda {
namespace {

// NaN stays in each of them: a comparison with it is false.

struct Huber {
  double delta;

  __device__ Term operator()(double y, double target) const {
    const double d = y - target, size = d < 0 ? -d : d;
    if (size > delta) return {delta * (size - delta / 2), d < 0 ? -delta : delta};
    return {d * d / 2, d};
  }
};

struct Hinge {
  __device__ Term operator()(double y, double target) const {
    const double margin = 1 - target * y;
    if (margin > 0) return {margin, -target};
    return margin <= 0 ? Term{0, 0} : Term{margin, margin};
  }
};

struct BinaryCrossEntropy {
  double smoothing;

  __device__ Term operator()(double y, double target) const {
    const double smooth = target + smoothing * (0.5 - target), e = exp(y < 0 ? y : -y);
    return {(y < 0 ? 0 : y) - y * smooth + log1p(e), (y < 0 ? e : 1) / (1 + e) - smooth};
  }
};

template <class T>
void loss(double* to, Flag* nonfinite, double* sums, T* dy, const T* y, const T* target, int64_t n,
          PointwiseLoss kind, double parameter, double share) {
  const auto sum = [&](auto term) {
    sum_terms("pointwise_loss", to, nonfinite, sums, dy, y, target, n, term, share, share);
  };
  if (kind == PointwiseLoss::huber) sum(Huber{parameter});
  else if (kind == PointwiseLoss::hinge) sum(Hinge{});
  else sum(BinaryCrossEntropy{parameter});
}

}  // namespace

void fill(PointwiseLossCuda<float>& part) { part = {loss<float>}; }
void fill(PointwiseLossCuda<double>& part) { part = {loss<double>}; }

}  // namespace strate::cuda
