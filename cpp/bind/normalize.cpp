#include "ops/normalize.h"

#include "bind/bind.h"

namespace strate {

void bind_normalize(py::module_& m) {
  using namespace py::literals;
  m.def(
      "normalize_forward",
      [](const Tensor& x, const Tensor& mean, const Tensor& deviation) {
        return without_gil(normalize_work(x), [&] { return normalize_forward(x, mean, deviation); });
      },
      "x"_a, "mean"_a, "deviation"_a);
  m.def(
      "normalize_backward",
      [](const Tensor& dy, const Tensor& deviation) {
        return without_gil(normalize_work(dy), [&] { return normalize_backward(dy, deviation); });
      },
      "dy"_a, "deviation"_a);
}

}  // namespace strate
