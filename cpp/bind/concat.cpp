#include "ops/concat.h"

#include "bind/bind.h"

namespace strate {

void bind_concat(py::module_& m) {
  using namespace py::literals;
  m.def(
      "concat_forward",
      [](const std::vector<Tensor>& xs) {
        double work = 0;
        for (const Tensor& x : xs) work += concat_work(x);
        return without_gil(work, [&] { return concat_forward(xs); });
      },
      "xs"_a);
  m.def(
      "concat_backward",
      [](const Tensor& dy, const std::vector<int64_t>& maps) {
        return without_gil(concat_work(dy), [&] { return concat_backward(dy, maps); });
      },
      "dy"_a, "maps"_a);
}

}  // namespace strate
