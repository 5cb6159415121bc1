#include "kernels/pointwise_loss.h"

#include "simd/math.h"

namespace strate::STRATE_ISA {
namespace {

constexpr int width = lanes<double>;
using D = Vec<double>;

struct Term {
  D value, slope;
};

// NaN fails every comparison and must reach value and slope.
template <PointwiseLoss kind> STRATE_INLINE Term term(D y, D t, D parameter) {
  const D half = broadcast<double>(0.5), one = broadcast<double>(1);
  if constexpr (kind == PointwiseLoss::huber) {
    const D d = y - t, slope = clamp<double>(d, parameter);
    return {slope * (d - half * slope), slope};
  } else if constexpr (kind == PointwiseLoss::hinge) {
    const D margin = positive_part<double>(one - t * y);
    return {margin, margin > zero<double>() ? -t : margin};
  } else {
    const D smooth = fmadd(parameter, half - t, t);
    const D e = exp<double>(-absolute<double>(y));
    return {positive_part<double>(y) - y * smooth + log<double>(one + e), sigmoid<double>(y) - smooth};
  }
}

template <class T> STRATE_INLINE D widened(const T* x) {
  typedef T Narrow __attribute__((vector_size(width * sizeof(T)), aligned(sizeof(T)), may_alias));
  return __builtin_convertvector(*reinterpret_cast<const Narrow*>(x), D);
}
template <class T> STRATE_INLINE void narrowed(T* x, D v) {
  typedef T Narrow __attribute__((vector_size(width * sizeof(T)), aligned(sizeof(T)), may_alias));
  *reinterpret_cast<Narrow*>(x) = __builtin_convertvector(v, Narrow);
}

template <PointwiseLoss kind, class T>
double sum_of(T* dy, const T* y, const T* target, int64_t n, double parameter_, double scale_) {
  const D parameter = broadcast<double>(parameter_), scale = broadcast<double>(scale_);
  D sum = zero<double>();
  int64_t i = 0;
  for (; i + width <= n; i += width) {
    const Term now = term<kind>(widened(y + i), widened(target + i), parameter);
    narrowed(dy + i, now.slope * scale);
    sum += now.value;
  }
  double total = sum_lanes<double>(sum);
  if (i == n) return total;
  T a[width] = {}, b[width] = {}, out[width];
  for (int64_t j = 0; j < n - i; j++) a[j] = y[i + j], b[j] = target[i + j];
  const Term now = term<kind>(widened(a), widened(b), parameter);
  narrowed(out, now.slope * scale);
  for (int64_t j = 0; j < n - i; j++) dy[i + j] = out[j], total += now.value[j];
  return total;
}

template <class T>
double sum(T* dy, const T* y, const T* target, int64_t n, PointwiseLoss kind, double parameter,
           double scale) {
  if (kind == PointwiseLoss::huber) return sum_of<PointwiseLoss::huber>(dy, y, target, n, parameter, scale);
  if (kind == PointwiseLoss::hinge) return sum_of<PointwiseLoss::hinge>(dy, y, target, n, parameter, scale);
  return sum_of<PointwiseLoss::binary_cross_entropy>(dy, y, target, n, parameter, scale);
}

}  // namespace

void fill(PointwiseLossKernels<float>& k) { k.sum = sum<float>; }
void fill(PointwiseLossKernels<double>& k) { k.sum = sum<double>; }

}  // namespace strate::STRATE_ISA
