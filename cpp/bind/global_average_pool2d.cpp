#include "ops/global_average_pool2d.h"

#include "bind/bind.h"

namespace strate {

void bind_global_average_pool2d(py::module_& m) {
  using namespace py::literals;
  m.def(
      "global_average_pool2d_forward",
      [](const Tensor& x) {
        return without_gil(global_average_pool2d_work(x.shape(), item_size(x.dtype())),
                           [&] { return global_average_pool2d_forward(x); });
      },
      "x"_a);
  m.def(
      "global_average_pool2d_backward",
      [](const Tensor& dy, py::handle x_shape) {
        const Shape x = shape_of(x_shape);
        return without_gil(global_average_pool2d_work(x, item_size(dy.dtype())),
                           [&] { return global_average_pool2d_backward(dy, x); });
      },
      "dy"_a, "x_shape"_a);
}

}  // namespace strate
