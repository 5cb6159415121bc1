#include "ops/count_correct.h"

#include "bind/bind.h"
#include "ops/operands.h"

namespace strate {

void bind_count_correct(py::module_& m) {
  using namespace py::literals;
  const auto count = [](const Tensor& y, const Tensor& target) {
    return without_gil(streaming_time(4 * y.bytes()), [&] { return count_correct(y, target); });
  };
  m.def(
      "count_correct",
      [count](const Tensor& y, const Tensor& target) {
        return int64_t(*to_device(count(y, target), Device::cpu).data<double>());
      },
      "y"_a, "target"_a);
  m.def("count_correct_there", count, "y"_a, "target"_a);
}

}  // namespace strate
