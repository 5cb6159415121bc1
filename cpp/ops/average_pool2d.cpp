#include "ops/average_pool2d.h"

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "average_pool2d";

}  // namespace

namespace cpu {

// Split over rows of y.
template <class T> void average_pool2d_forward(T* y, const T* x, PoolSizes s) {
  const auto& k = kernels<T>().average_pool2d;
  parallel_ranges(s.images * s.rows.out, pool2d_rows_per_task(s), pool2d_work(s, sizeof(T)),
                  [&](int64_t begin, int64_t end) { k.forward(y, x, s, begin, end); });
}

// Split over rows of dx.
template <class T> void average_pool2d_backward(T* dx, const T* dy, PoolSizes s) {
  const auto& k = kernels<T>().average_pool2d;
  parallel_ranges(s.images * s.rows.size, pool2d_rows_per_task(s), pool2d_work(s, sizeof(T)),
                  [&](int64_t begin, int64_t end) { k.backward(dx, dy, s, begin, end); });
}

}  // namespace cpu

Tensor average_pool2d_forward(const Tensor& x_, const Pool2d& pool) {
  check_stored(op, "x", x_);
  const PoolSizes sizes = pool2d_sizes(op, x_.shape(), pool);
  const Tensor x = contiguous(x_);
  Tensor y = empty({sizes.images, sizes.rows.out, sizes.columns.out, sizes.channels}, x.dtype(), x.device());
  if (y.count() > 0)
    visit_stored(x.dtype(), [&]<class T>() {
      run(on<T>(x.device(), STRATE_CPU(cpu::average_pool2d_forward), &AveragePool2dCuda<T>::forward), y, x,
          sizes);
    });
  return y;
}

Tensor average_pool2d_backward(const Tensor& dy_, const Shape& x, const Pool2d& pool) {
  check_stored(op, "dy", dy_);
  const PoolSizes sizes = pool2d_sizes(op, x, pool);
  const Shape shape = {sizes.images, sizes.rows.out, sizes.columns.out, sizes.channels};
  check(dy_.shape() == shape, op, "dy has the shape of y, ", shape, "; got dy=", dy_.shape(), ", x=", x);
  const Tensor dy = contiguous(dy_);
  Tensor dx = empty(x, dy.dtype(), dy.device());
  if (dx.count() > 0)
    visit_stored(dy.dtype(), [&]<class T>() {
      run(on<T>(dy.device(), STRATE_CPU(cpu::average_pool2d_backward), &AveragePool2dCuda<T>::backward), dx,
          dy, sizes);
    });
  return dx;
}

}  // namespace strate
