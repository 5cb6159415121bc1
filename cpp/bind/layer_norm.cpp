#include "ops/layer_norm.h"

#include "bind/bind.h"

namespace strate {

void bind_layer_norm(py::module_& m) {
  using namespace py::literals;
  using Optional = std::optional<Tensor>;
  m.def(
      "layer_norm_forward",
      [](const Tensor& x, const Optional& gamma, const Optional& beta, double epsilon) {
        return without_gil(layer_norm_work(x),
                           [&] { return layer_norm_forward(x, or_none(gamma), or_none(beta), epsilon); });
      },
      "x"_a, "gamma"_a, "beta"_a, "epsilon"_a);
  m.def(
      "layer_norm_backward",
      [](const Tensor& dy, const Tensor& x, const Tensor& statistics, const Optional& gamma,
         const Optional& dgamma, const Optional& dbeta, bool need_dx) {
        return to_optional(without_gil(2 * layer_norm_work(x), [&] {
          return layer_norm_backward(dy, x, statistics, or_none(gamma), or_none(dgamma), or_none(dbeta),
                                     need_dx);
        }));
      },
      "dy"_a, "x"_a, "statistics"_a, "gamma"_a, "dgamma"_a, "dbeta"_a, "need_dx"_a);
}

}  // namespace strate
