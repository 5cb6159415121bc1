#include "ops/dropout.h"

#include "bind/bind.h"

namespace strate {

void bind_dropout(py::module_& m) {
  using namespace py::literals;
  m.def(
      "dropout_forward",
      [](const Tensor& x, double rate, const Tensor& random, int64_t stream) {
        return without_gil(dropout_work(x), [&] { return dropout_forward(x, rate, random, stream); });
      },
      "x"_a, "rate"_a, "random"_a, "stream"_a);
  m.def(
      "dropout_backward",
      [](const Tensor& dy, double rate, const Tensor& saved, int64_t stream) {
        return without_gil(dropout_work(dy), [&] { return dropout_backward(dy, rate, saved, stream); });
      },
      "dy"_a, "rate"_a, "saved"_a, "stream"_a);
}

}  // namespace strate
