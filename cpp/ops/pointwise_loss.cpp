#include "ops/pointwise_loss.h"

#include "kernels/dispatch.h"
#include "ops/cuda.h"

namespace strate {
namespace {

constexpr const char* op = "pointwise_loss";

void check_parameter(PointwiseLoss kind, double parameter) {
  if (kind == PointwiseLoss::huber)
    check(std::isfinite(parameter) && parameter > 0, op, "delta is above 0; got delta=", parameter);
  if (kind == PointwiseLoss::binary_cross_entropy)
    check(parameter >= 0 && parameter <= 1, op, "0 <= label_smoothing <= 1; got label_smoothing=", parameter);
}

}  // namespace

PointwiseLoss pointwise_loss_of(const std::string& name) {
  if (name == "huber") return PointwiseLoss::huber;
  if (name == "binary_cross_entropy") return PointwiseLoss::binary_cross_entropy;
  check(name == "hinge", op, "kind is huber, binary_cross_entropy or hinge; got kind=", name);
  return PointwiseLoss::hinge;
}

double pointwise_loss_work(const Tensor& y) { return streaming_time(3 * y.bytes()) + double(y.count()) * 2; }

namespace cpu {

template <class T>
void pointwise_loss(double* loss, Flag* nonfinite, T* dy, const T* y, const T* target, int64_t n,
                    PointwiseLoss kind, double parameter, double share, double work) {
  const auto& k = kernels<T>().pointwise_loss;
  const double sum = sum_pieces(n, n, work, [&](int64_t b, int64_t e) {
    return k.sum(dy + b, y + b, target + b, e - b, kind, parameter, share);
  });
  write_loss(loss, nonfinite, share * sum);
}

}  // namespace cpu

LossAndGradient pointwise_loss(const Tensor& y_, const Tensor& target_, PointwiseLoss kind, double parameter,
                               Reduction reduction) {
  check_real(op, "y", y_);
  check_same_type(op, "y", y_, "target", target_);
  check_same_shape(op, "y", y_, "target", target_);
  check_parameter(kind, parameter);
  const Tensor y = contiguous(y_), target = contiguous(target_);
  Tensor loss = empty({}, DType::float64, y.device()), dy = empty(y.shape(), y.dtype(), y.device());
  const int64_t samples = y.rank() > 0 ? y.shape()[0] : 1;
  const double share = reduction == Reduction::sum ? 1 : 1 / double(std::max<int64_t>(1, samples));
  visit_real(y.dtype(), [&]<class T>() {
    if (y.device() == Device::cuda)
      run(on_cuda(&PointwiseLossCuda<T>::loss), loss, loss.nonfinite(), cuda_sums(), dy, y, target, y.count(),
          kind, parameter, share);
    else
      run(cpu::pointwise_loss<T>, loss, loss.nonfinite(), dy, y, target, y.count(), kind, parameter, share,
          pointwise_loss_work(y));
  });
  return {std::move(loss), std::move(dy)};
}

}  // namespace strate
