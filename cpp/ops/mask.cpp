#include "ops/mask.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "mask";

bool ends_with(const Shape& shape, const Shape& end) {
  if (end.rank > shape.rank) return false;
  for (int i = 1; i <= end.rank; i++)
    if (shape[-i] != end[-i]) return false;
  return true;
}

void check_output(const Tensor& y, const Tensor& x) {
  check_same_type(op, "x", x, "y", y);
  check_same_shape(op, "x", x, "y", y);
  check(y.contiguous() && !y.read_only(), op, "y is contiguous and may be written; got strides=", y.strides(),
        y.read_only() ? ", read-only" : "");
}

}  // namespace

namespace cpu {

template <class T> void mask(T* y, const T* x, const T* mask, int64_t rows, int64_t length) {
  const auto& k = kernels<T>().mask;
  const int64_t grain = std::max<int64_t>(1, elementwise_grain / length);
  parallel_ranges(rows, grain, streaming_time(2 * rows * length * sizeof(T)),
                  [&](int64_t begin, int64_t end) {
                    k.rows(y + begin * length, x + begin * length, mask, end - begin, length);
                  });
}

}  // namespace cpu

Tensor mask(const Tensor& x_, const Tensor& mask_, const Tensor& y_) {
  check_real(op, "x", x_);
  check_same_type(op, "x", x_, "mask", mask_);
  check(ends_with(x_.shape(), mask_.shape()), op,
        "the mask has the shape of x's last axes; got x=", x_.shape(), ", mask=", mask_.shape());
  if (y_.defined()) check_output(y_, x_);
  const Tensor x = contiguous(x_), mask = contiguous(mask_);
  Tensor y = y_.defined() ? y_ : empty(x.shape(), x.dtype(), x.device());
  if (x.count() == 0) return y;
  visit_real(x.dtype(), [&]<class T>() {
    run(on(x.device(), cpu::mask<T>, &MaskCuda<T>::rows), y, x, mask, x.count() / mask.count(), mask.count());
  });
  return y;
}

}  // namespace strate
