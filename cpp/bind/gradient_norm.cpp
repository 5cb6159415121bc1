#include "ops/gradient_norm.h"

#include "bind/bind.h"

namespace strate {

void bind_gradient_norm(py::module_& m) {
  using namespace py::literals;
  m.def(
      "gradient_norm",
      [](const Tensor& gradient, const Tensor& segments, double most, const std::optional<Tensor>& scale) {
        return without_gil(gradient_norm_work(gradient),
                           [&] { return gradient_norm(gradient, segments, most, or_none(scale)); });
      },
      "gradient"_a, "segments"_a, "most"_a = 1.0, "scale"_a = py::none());
}

}  // namespace strate
