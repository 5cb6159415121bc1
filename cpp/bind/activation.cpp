#include "ops/activation.h"

#include "bind/bind.h"

namespace strate {

void bind_activation(py::module_& m) {
  using namespace py::literals;
  py::class_<Activation>(m, "Activation", py::is_final())
      .def(py::init<const std::string&, double>(), "kind"_a, "slope"_a = 0.01)
      .def_property_readonly("kind", [](const Activation& a) { return activation_name(a.kind); })
      .def_readonly("slope", &Activation::slope);
  m.def(
      "activation_forward",
      [](const Tensor& x, const Activation& activation) {
        return without_gil(activation_work(x, activation), [&] { return activation_forward(x, activation); });
      },
      "x"_a, "activation"_a);
  m.def(
      "activation_backward",
      [](const Tensor& dy, const Tensor& y, const Activation& activation) {
        return without_gil(activation_work(y, activation),
                           [&] { return activation_backward(dy, y, activation); });
      },
      "dy"_a, "y"_a, "activation"_a);
  m.def("elementary", elementary, "x"_a, "function"_a);
}

}  // namespace strate
