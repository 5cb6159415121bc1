#include "ops/squared_error.h"

#include "kernels/dispatch.h"
#include "ops/cuda.h"

namespace strate {
namespace {

constexpr const char* op = "squared_error";

}  // namespace

namespace cpu {

template <class T>
void squared_error(double* loss, Flag* nonfinite, T* dy, const T* y, const T* target, int64_t n,
                   double factor, double share) {
  const auto& k = kernels<T>().squared_error;
  const double sum = sum_pieces(n, n, streaming_time(3 * n * int64_t(sizeof(T))), [&](int64_t b, int64_t e) {
    return k.sum(dy + b, y + b, target + b, e - b, 2 * factor * share);
  });
  write_loss(loss, nonfinite, factor * share * sum);
}

}  // namespace cpu

LossAndGradient squared_error(const Tensor& y_, const Tensor& target_, double factor, Reduction reduction) {
  check_real(op, "y", y_);
  check_same_type(op, "y", y_, "target", target_);
  check_same_shape(op, "y", y_, "target", target_);
  check(std::isfinite(factor), op, "the factor is finite; got factor=", factor);
  const Tensor y = contiguous(y_), target = contiguous(target_);
  Tensor loss = empty({}, DType::float64, y.device()), dy = empty(y.shape(), y.dtype(), y.device());
  const int64_t samples = y.rank() > 0 ? y.shape()[0] : 1;
  const double share = reduction == Reduction::sum ? 1 : 1 / double(std::max<int64_t>(1, samples));
  visit_real(y.dtype(), [&]<class T>() {
    if (y.device() == Device::cuda)
      run(on_cuda(&SquaredErrorCuda<T>::loss), loss, loss.nonfinite(), cuda_sums(), dy, y, target, y.count(),
          factor, share);
    else run(cpu::squared_error<T>, loss, loss.nonfinite(), dy, y, target, y.count(), factor, share);
  });
  return {std::move(loss), std::move(dy)};
}

}  // namespace strate
