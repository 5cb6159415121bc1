#include "ops/up_sample2d.h"

#include "bind/bind.h"
#include "ops/operands.h"

namespace strate {

void bind_up_sample2d(py::module_& m) {
  using namespace py::literals;
  m.def(
      "up_sample2d_forward",
      [](const Tensor& x, UpSampleFactors factor, const std::string& kind) {
        const UpSampleKind k = up_sample_kind(kind);
        return without_gil(streaming_time(8 * x.bytes()), [&] { return up_sample2d_forward(x, factor, k); });
      },
      "x"_a, "factor"_a, "kind"_a);
  m.def(
      "up_sample2d_backward",
      [](const Tensor& dy, UpSampleFactors factor, const std::string& kind) {
        const UpSampleKind k = up_sample_kind(kind);
        return without_gil(streaming_time(2 * dy.bytes()),
                           [&] { return up_sample2d_backward(dy, factor, k); });
      },
      "dy"_a, "factor"_a, "kind"_a);
}

}  // namespace strate
