#include "ops/max_pool2d.h"

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "max_pool2d";

DType place_type(const PoolSizes& s) {
  return s.rows.window * s.columns.window <= 256 ? DType::uint8 : DType::int32;
}

}  // namespace

namespace cpu {

// Split over rows of y.
template <class T> void max_pool2d_forward(T* y, void* argmax, const T* x, PoolSizes s) {
  const auto& k = kernels<T>().max_pool2d;
  const bool byte = place_type(s) == DType::uint8;
  parallel_ranges(s.images * s.rows.out, pool2d_rows_per_task(s), pool2d_work(s, sizeof(T)),
                  [&](int64_t begin, int64_t end) {
                    if (!argmax) k.forward(y, x, s, begin, end);
                    else if (byte) k.forward_byte(y, static_cast<uint8_t*>(argmax), x, s, begin, end);
                    else k.forward_int(y, static_cast<int32_t*>(argmax), x, s, begin, end);
                  });
}

// Split over rows of dx.
template <class T> void max_pool2d_backward(T* dx, const T* dy, const void* argmax, PoolSizes s) {
  const auto& k = kernels<T>().max_pool2d;
  const bool byte = place_type(s) == DType::uint8;
  parallel_ranges(s.images * s.rows.size, pool2d_rows_per_task(s), pool2d_work(s, sizeof(T)),
                  [&](int64_t begin, int64_t end) {
                    if (byte) k.backward_byte(dx, dy, static_cast<const uint8_t*>(argmax), s, begin, end);
                    else k.backward_int(dx, dy, static_cast<const int32_t*>(argmax), s, begin, end);
                  });
}

}  // namespace cpu

std::pair<Tensor, Tensor> max_pool2d_forward(const Tensor& x_, const Pool2d& pool, bool need_argmax) {
  check_stored(op, "x", x_);
  const PoolSizes sizes = pool2d_sizes(op, x_.shape(), pool);
  const Tensor x = contiguous(x_);
  const Shape shape = {sizes.images, sizes.rows.out, sizes.columns.out, sizes.channels};
  Tensor y = empty(shape, x.dtype(), x.device()), argmax;
  if (need_argmax) argmax = empty(shape, place_type(sizes), x.device());
  if (y.count() > 0)
    visit_stored(x.dtype(), [&]<class T>() {
      run(on<T>(x.device(), STRATE_CPU(cpu::max_pool2d_forward), &MaxPool2dCuda<T>::forward), y, argmax, x,
          sizes);
    });
  return {std::move(y), std::move(argmax)};
}

Tensor max_pool2d_backward(const Tensor& dy_, const Tensor& argmax_, const Shape& x, const Pool2d& pool) {
  check_stored(op, "dy", dy_);
  const PoolSizes sizes = pool2d_sizes(op, x, pool);
  const Shape shape = {sizes.images, sizes.rows.out, sizes.columns.out, sizes.channels};
  check(dy_.shape() == shape, op, "dy has the shape of y, ", shape, "; got dy=", dy_.shape(), ", x=", x);
  check_same_shape(op, "dy", dy_, "argmax", argmax_);
  if (argmax_.dtype() != place_type(sizes))
    fail_type(op, "argmax of this window is ", dtype_name(place_type(sizes)),
              "; got argmax=", Described{argmax_});
  const Tensor dy = contiguous(dy_), argmax = contiguous(argmax_);
  Tensor dx = empty(x, dy.dtype(), dy.device());
  if (dx.count() > 0)
    visit_stored(dy.dtype(), [&]<class T>() {
      run(on<T>(dy.device(), STRATE_CPU(cpu::max_pool2d_backward), &MaxPool2dCuda<T>::backward), dx, dy,
          argmax, sizes);
    });
  return dx;
}

}  // namespace strate
