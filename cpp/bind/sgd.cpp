#include "ops/sgd.h"

#include "bind/bind.h"

namespace strate {

void bind_sgd(py::module_& m) {
  using namespace py::literals;
  m.def(
      "sgd",
      [](const Tensor& theta, const Tensor& gradient, const std::optional<Tensor>& velocity,
         const Tensor& hyper, const Tensor& segments, bool nesterov) {
        without_gil(sgd_work(theta),
                    [&] { sgd(theta, gradient, or_none(velocity), hyper, segments, nesterov); });
      },
      "theta"_a, "gradient"_a, "velocity"_a, "hyper"_a, "segments"_a, "nesterov"_a = false);
}

}  // namespace strate
