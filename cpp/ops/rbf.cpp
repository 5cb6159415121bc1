#include "ops/rbf.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "rbf";

void check_operands(const Tensor& x, const Tensor& codes) {
  check_real(op, "x", x);
  check_same_type(op, "x", x, "codes", codes);
  check(x.rank() == 2 && codes.rank() == 2 && x.shape()[1] == codes.shape()[1], op,
        "x is (N, inputs), codes (units, inputs); got x=", x.shape(), ", codes=", codes.shape());
}

int64_t rows_per_task(int64_t units, int64_t inputs) {
  return std::max<int64_t>(1, elementwise_grain / std::max<int64_t>(1, units * inputs));
}

}  // namespace

double rbf_work(const Tensor& x, const Tensor& codes) {
  return double(x.count()) * double(codes.rank() > 0 ? codes.shape()[0] : 1) / 20;
}

namespace cpu {

template <class T>
void rbf_forward(T* y, const T* x, const T* codes, int64_t rows, int64_t units, int64_t inputs, double work) {
  const auto& k = kernels<T>().rbf;
  parallel_ranges(rows, rows_per_task(units, inputs), work,
                  [&](int64_t begin, int64_t end) { k.forward(y, x, codes, begin, end, units, inputs); });
}

template <class T>
void rbf_backward(T* dx, const T* dy, const T* x, const T* codes, int64_t rows, int64_t units, int64_t inputs,
                  double work) {
  const auto& k = kernels<T>().rbf;
  parallel_ranges(rows, rows_per_task(units, inputs), work, [&](int64_t begin, int64_t end) {
    k.backward(dx, dy, x, codes, begin, end, units, inputs);
  });
}

}  // namespace cpu

Tensor rbf_forward(const Tensor& x_, const Tensor& codes_) {
  check_operands(x_, codes_);
  const Tensor x = contiguous(x_), codes = contiguous(codes_);
  const int64_t rows = x.shape()[0], units = codes.shape()[0], inputs = x.shape()[1];
  Tensor y = empty({rows, units}, x.dtype(), x.device());
  visit_real(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda) run(on_cuda(&RbfCuda<T>::forward), y, x, codes, rows, units, inputs);
    else run(cpu::rbf_forward<T>, y, x, codes, rows, units, inputs, rbf_work(x, codes));
  });
  return y;
}

Tensor rbf_backward(const Tensor& dy_, const Tensor& x_, const Tensor& codes_) {
  check_operands(x_, codes_);
  const int64_t rows = x_.shape()[0], units = codes_.shape()[0], inputs = x_.shape()[1];
  check_same_type(op, "x", x_, "dy", dy_);
  check(dy_.shape() == Shape{rows, units}, op, "dy is ", Shape{rows, units}, "; got dy=", dy_.shape());
  const Tensor dy = contiguous(dy_), x = contiguous(x_), codes = contiguous(codes_);
  Tensor dx = empty(x.shape(), x.dtype(), x.device());
  visit_real(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda)
      run(on_cuda(&RbfCuda<T>::backward), dx, dy, x, codes, rows, units, inputs);
    else run(cpu::rbf_backward<T>, dx, dy, x, codes, rows, units, inputs, rbf_work(x, codes));
  });
  return dx;
}

}  // namespace strate
