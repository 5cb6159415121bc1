#include "ops/adaptive.h"

#include "bind/bind.h"

namespace strate {

void bind_adaptive(py::module_& m) {
  using namespace py::literals;
  m.def(
      "adaptive",
      [](const Tensor& theta, const Tensor& gradient, const std::optional<Tensor>& moment,
         const Tensor& square, const Tensor& hyper, const Tensor& segments, const std::string& kind) {
        const AdaptiveKind k = adaptive_kind_of(kind);
        without_gil(adaptive_work(theta),
                    [&] { adaptive(theta, gradient, or_none(moment), square, hyper, segments, k); });
      },
      "theta"_a, "gradient"_a, "moment"_a, "square"_a, "hyper"_a, "segments"_a, "kind"_a);
}

}  // namespace strate
