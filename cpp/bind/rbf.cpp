#include "ops/rbf.h"

#include "bind/bind.h"

namespace strate {

void bind_rbf(py::module_& m) {
  using namespace py::literals;
  m.def(
      "rbf_forward",
      [](const Tensor& x, const Tensor& codes) {
        return without_gil(rbf_work(x, codes), [&] { return rbf_forward(x, codes); });
      },
      "x"_a, "codes"_a);
  m.def(
      "rbf_backward",
      [](const Tensor& dy, const Tensor& x, const Tensor& codes) {
        return without_gil(rbf_work(x, codes), [&] { return rbf_backward(dy, x, codes); });
      },
      "dy"_a, "x"_a, "codes"_a);
}

}  // namespace strate
