#include "ops/sub_sample2d.h"

#include "bind/bind.h"
#include "ops/operands.h"

namespace strate {

void bind_sub_sample2d(py::module_& m) {
  using namespace py::literals;
  m.def(
      "sub_sample2d_forward",
      [](const Tensor& x, const Tensor& weight, const Tensor& bias, SubSampleWindow window,
         const Activation& activation) {
        return without_gil(streaming_time(2 * x.bytes()),
                           [&] { return sub_sample2d_forward(x, weight, bias, window, activation); });
      },
      "x"_a, "weight"_a, "bias"_a, "window"_a, "activation"_a);
  m.def(
      "sub_sample2d_backward",
      [](const Tensor& dy, const Tensor& x, const Tensor& weight, const std::optional<Tensor>& y,
         SubSampleWindow window, const Activation& activation, const std::optional<Tensor>& dweight,
         const std::optional<Tensor>& dbias, bool need_dx) {
        return to_optional(without_gil(streaming_time(3 * x.bytes()), [&] {
          return sub_sample2d_backward(dy, x, weight, or_none(y), window, activation, or_none(dweight),
                                       or_none(dbias), need_dx);
        }));
      },
      "dy"_a, "x"_a, "weight"_a, "y"_a, "window"_a, "activation"_a, "dweight"_a, "dbias"_a, "need_dx"_a);
}

}  // namespace strate
