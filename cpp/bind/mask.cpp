#include "ops/mask.h"

#include "bind/bind.h"
#include "ops/operands.h"

namespace strate {

void bind_mask(py::module_& m) {
  using namespace py::literals;
  m.def(
      "mask",
      [](const Tensor& x, const Tensor& values, const std::optional<Tensor>& y) {
        return without_gil(streaming_time(2 * x.bytes()), [&] { return mask(x, values, or_none(y)); });
      },
      "x"_a, "mask"_a, "y"_a = py::none());
}

}  // namespace strate
