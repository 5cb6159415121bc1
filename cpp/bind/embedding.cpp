#include "ops/embedding.h"

#include "bind/bind.h"

namespace strate {

void bind_embedding(py::module_& m) {
  using namespace py::literals;
  m.def(
      "embedding_forward",
      [](const Tensor& x, const Tensor& weight) {
        const double work = weight.rank() == 2 ? embedding_work(x, weight) : 0;
        return without_gil(work, [&] { return embedding_forward(x, weight); });
      },
      "x"_a, "weight"_a);
  m.def(
      "embedding_backward",
      [](const Tensor& dy, const Tensor& index, const Tensor& dweight) {
        const double work = dweight.rank() == 2 ? embedding_work(index, dweight) : 0;
        without_gil(work, [&] { embedding_backward(dy, index, dweight); });
      },
      "dy"_a, "index"_a, "dweight"_a);
}

}  // namespace strate
