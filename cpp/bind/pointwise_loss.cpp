#include "ops/pointwise_loss.h"

#include "bind/bind.h"

namespace strate {

void bind_pointwise_loss(py::module_& m) {
  using namespace py::literals;
  m.def(
      "pointwise_loss",
      [](const Tensor& y, const Tensor& target, const std::string& kind_, double parameter,
         const std::string& reduction) {
        const PointwiseLoss kind = pointwise_loss_of(kind_);
        const Reduction r = reduction_of("pointwise_loss", reduction);
        return without_gil(pointwise_loss_work(y),
                           [&] { return pointwise_loss(y, target, kind, parameter, r); });
      },
      "y"_a, "target"_a, "kind"_a, "parameter"_a = 0.0, "reduction"_a = "mean");
}

}  // namespace strate
