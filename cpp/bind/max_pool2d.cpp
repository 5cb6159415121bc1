#include "ops/max_pool2d.h"

#include "bind/bind.h"

namespace strate {
namespace {

void bind_pool2d(py::module_& m) {
  using namespace py::literals;
  using Pair = Pool2d::Pair;
  py::class_<Pool2d>(m, "Pool2d", py::is_final())
      .def(py::init<Pair, Pair, std::array<int64_t, 4>, Pair, bool, bool>(), "window"_a, "stride"_a,
           "padding"_a = std::array<int64_t, 4>{}, "dilation"_a = Pair{1, 1}, "ceil"_a = false,
           "count_padding"_a = false)
      .def_property_readonly("window",
                             [](const Pool2d& p) { return py::make_tuple(p.window[0], p.window[1]); })
      .def_property_readonly("stride",
                             [](const Pool2d& p) { return py::make_tuple(p.stride[0], p.stride[1]); })
      .def_property_readonly("padding",
                             [](const Pool2d& p) {
                               return py::make_tuple(p.padding[0], p.padding[1], p.padding[2], p.padding[3]);
                             })
      .def_property_readonly("dilation",
                             [](const Pool2d& p) { return py::make_tuple(p.dilation[0], p.dilation[1]); })
      .def_readonly("ceil", &Pool2d::ceil)
      .def_readonly("count_padding", &Pool2d::count_padding);
  m.def(
      "pool2d_shape",
      [](py::handle x, const Pool2d& pool) { return shape_tuple(pool2d_shape("pool2d", shape_of(x), pool)); },
      "x_shape"_a, "pool"_a);
}

}  // namespace

void bind_max_pool2d(py::module_& m) {
  using namespace py::literals;
  bind_pool2d(m);
  m.def(
      "max_pool2d_forward",
      [](const Tensor& x, const Pool2d& pool, bool need_argmax) {
        double work = pool2d_work(pool2d_sizes("max_pool2d", x.shape(), pool), item_size(x.dtype()));
        auto [y, argmax] = without_gil(work, [&] { return max_pool2d_forward(x, pool, need_argmax); });
        return std::pair(std::move(y), to_optional(std::move(argmax)));
      },
      "x"_a, "pool"_a, "need_argmax"_a);
  m.def(
      "max_pool2d_backward",
      [](const Tensor& dy, const Tensor& argmax, py::handle x_shape, const Pool2d& pool) {
        Shape x = shape_of(x_shape);
        double work = pool2d_work(pool2d_sizes("max_pool2d", x, pool), item_size(dy.dtype()));
        return without_gil(work, [&] { return max_pool2d_backward(dy, argmax, x, pool); });
      },
      "dy"_a, "argmax"_a, "x_shape"_a, "pool"_a);
}

}  // namespace strate
