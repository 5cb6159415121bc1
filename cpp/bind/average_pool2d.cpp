#include "ops/average_pool2d.h"

#include "bind/bind.h"

namespace strate {

void bind_average_pool2d(py::module_& m) {
  using namespace py::literals;
  m.def(
      "average_pool2d_forward",
      [](const Tensor& x, const Pool2d& pool) {
        double work = pool2d_work(pool2d_sizes("average_pool2d", x.shape(), pool), item_size(x.dtype()));
        return without_gil(work, [&] { return average_pool2d_forward(x, pool); });
      },
      "x"_a, "pool"_a);
  m.def(
      "average_pool2d_backward",
      [](const Tensor& dy, py::handle x_shape, const Pool2d& pool) {
        Shape x = shape_of(x_shape);
        double work = pool2d_work(pool2d_sizes("average_pool2d", x, pool), item_size(dy.dtype()));
        return without_gil(work, [&] { return average_pool2d_backward(dy, x, pool); });
      },
      "dy"_a, "x_shape"_a, "pool"_a);
}

}  // namespace strate
