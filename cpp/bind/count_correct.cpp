#include "ops/count_correct.h"

#include "bind/bind.h"
#include "ops/operands.h"

namespace strate {

void bind_count_correct(py::module_& m) {
  using namespace py::literals;
  m.def(
      "count_correct",
      [](const Tensor& y, const Tensor& target) {
        return without_gil(streaming_time(4 * y.bytes()), [&] { return count_correct(y, target); });
      },
      "y"_a, "target"_a);
}

}  // namespace strate
