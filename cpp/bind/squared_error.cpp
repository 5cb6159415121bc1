#include "ops/squared_error.h"

#include "bind/bind.h"

namespace strate {

void bind_squared_error(py::module_& m) {
  using namespace py::literals;
  m.def(
      "squared_error",
      [](const Tensor& y, const Tensor& target, double factor, const std::string& reduction) {
        Reduction r = reduction_of("squared_error", reduction);
        return without_gil(streaming_time(3 * y.bytes()),
                           [&] { return squared_error(y, target, factor, r); });
      },
      "y"_a, "target"_a, "factor"_a = 0.5, "reduction"_a = "mean");
}

}  // namespace strate
