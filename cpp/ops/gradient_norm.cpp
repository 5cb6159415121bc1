#include "ops/gradient_norm.h"

#include <cmath>

#include "kernels/dispatch.h"
#include "ops/loss.h"
#include "ops/segments.h"

namespace strate {
namespace {

constexpr const char* op = "gradient_norm";

}  // namespace

double gradient_norm_work(const Tensor& gradient) { return streaming_time(gradient.bytes()); }

namespace cpu {

template <class T>
void gradient_norm(double* norm, double* scale, const T* gradient, const int64_t* rows, int64_t count,
                   double most, double work) {
  const auto& k = kernels<T>().gradient_norm;
  const Segments segments{rows, count};
  const auto [begin, end] = segments.reach();
  const int64_t n = end - begin;
  const double sum = sum_pieces(n, n, work, [&, first = begin](int64_t from, int64_t to) {
    double part = 0;
    segments.within(first + from, first + to,
                    [&](int64_t b, int64_t e, bool) { part += k.squares(gradient + b, e - b); });
    return part;
  });
  *norm = std::sqrt(sum);
  if (scale) *scale = *norm > most ? most / *norm : 1;
}

}  // namespace cpu

Tensor gradient_norm(const Tensor& gradient, const Tensor& segments, double most, const Tensor& scale) {
  check_real(op, "gradient", gradient);
  check(gradient.rank() == 1 && gradient.contiguous(), op,
        "gradient is one contiguous buffer; got gradient=", gradient.shape());
  check_segments(op, segments, "gradient", gradient);
  check(!scale.defined() || (std::isfinite(most) && most > 0), op, "most is above 0; got most=", most);
  if (scale.defined() && (scale.dtype() != DType::float64 || scale.shape() != Shape{1} || scale.read_only()))
    fail_type(op, "scale is float64 (1) that may be written; got scale=", Described{scale});
  if (scale.defined()) check_same_device(op, "gradient", gradient, "scale", scale);
  Tensor norm = empty({}, DType::float64, gradient.device());
  visit_real(gradient.dtype(), [&]<class T>() {
    const int64_t count = segments.shape()[0];
    if (gradient.device() == Device::cuda)
      run(on_cuda(&GradientNormCuda<T>::norm), norm, scale, cuda_sums(), gradient, gradient.count(), segments,
          count, most);
    else
      run(cpu::gradient_norm<T>, norm, scale, gradient, segments, count, most, gradient_norm_work(gradient));
  });
  return norm;
}

}  // namespace strate
