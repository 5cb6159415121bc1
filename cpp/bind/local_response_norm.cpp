#include "ops/local_response_norm.h"

#include "bind/bind.h"

namespace strate {

void bind_local_response_norm(py::module_& m) {
  using namespace py::literals;
  m.def(
      "local_response_norm_forward",
      [](const Tensor& x, int64_t size, double k, double alpha, double beta) {
        const LocalResponseNorm norm(size, k, alpha, beta);
        return without_gil(local_response_norm_work(x, norm),
                           [&] { return local_response_norm_forward(x, norm); });
      },
      "x"_a, "size"_a, "k"_a, "alpha"_a, "beta"_a);
  m.def(
      "local_response_norm_backward",
      [](const Tensor& dy, const Tensor& x, int64_t size, double k, double alpha, double beta) {
        const LocalResponseNorm norm(size, k, alpha, beta);
        return without_gil(2 * local_response_norm_work(x, norm),
                           [&] { return local_response_norm_backward(dy, x, norm); });
      },
      "dy"_a, "x"_a, "size"_a, "k"_a, "alpha"_a, "beta"_a);
}

}  // namespace strate
