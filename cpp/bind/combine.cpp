#include "ops/combine.h"

#include "bind/bind.h"

namespace strate {

void bind_combine(py::module_& m) {
  using namespace py::literals;
  py::class_<Combine>(m, "Combine", py::is_final())
      .def(py::init<const std::string&, const Activation&>(), "kind"_a, "activation"_a)
      .def_property_readonly("kind", [](const Combine& c) { return combine_name(c.kind); })
      .def_readonly("activation", &Combine::activation);
  m.def(
      "combine_forward",
      [](const Tensor& a, const Tensor& b, const Combine& combine) {
        return without_gil(combine_work(a), [&] { return combine_forward(a, b, combine); });
      },
      "a"_a, "b"_a, "combine"_a);
  m.def(
      "combine_backward",
      [](const Tensor& dy, const Tensor& y, const std::optional<Tensor>& a, const std::optional<Tensor>& b,
         py::handle b_shape, const Combine& combine) {
        const Shape spread = shape_of(b_shape);
        return without_gil(combine_work(y),
                           [&] { return combine_backward(dy, y, or_none(a), or_none(b), spread, combine); });
      },
      "dy"_a, "y"_a, "a"_a, "b"_a, "b_shape"_a, "combine"_a);
}

}  // namespace strate
