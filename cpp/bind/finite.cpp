#include "ops/finite.h"

#include "bind/bind.h"
#include "ops/operands.h"

namespace strate {

void bind_finite(py::module_& m) {
  using namespace py::literals;
  m.def(
      "all_finite",
      [](const Tensor& t) { return without_gil(streaming_time(t.bytes()), [&] { return all_finite(t); }); },
      "t"_a);
  m.def("take_nonfinite", take_nonfinite, "t"_a);
  m.def("pass_on_flag", pass_on_flag, "to"_a, "source"_a);
}

}  // namespace strate
