#include "ops/dense.h"

#include "bind/bind.h"

namespace strate {

void bind_dense(py::module_& m) {
  using namespace py::literals;
  m.def(
      "dense_forward",
      [](const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
         const Activation& activation) {
        return without_gil(dense_work(x, weight),
                           [&] { return dense_forward(x, weight, or_none(bias), activation); });
      },
      "x"_a, "weight"_a, "bias"_a, "activation"_a);
  m.def(
      "dense_backward",
      [](const Tensor& dy, const Tensor& x, const Tensor& weight, const std::optional<Tensor>& y,
         const Activation& activation, const std::optional<Tensor>& dweight,
         const std::optional<Tensor>& dbias, bool need_dx) {
        return to_optional(without_gil(2 * dense_work(x, weight), [&] {
          return dense_backward(dy, x, weight, or_none(y), activation, or_none(dweight), or_none(dbias),
                                need_dx);
        }));
      },
      "dy"_a, "x"_a, "weight"_a, "y"_a, "activation"_a, "dweight"_a, "dbias"_a, "need_dx"_a);
}

}  // namespace strate
