#include "ops/augment.h"

#include "bind/bind.h"

namespace strate {

void bind_augment(py::module_& m) {
  using namespace py::literals;
  m.def(
      "augment",
      [](const Tensor& source, const Tensor& index, bool flip, int64_t shift, const Tensor& random,
         double scale, const std::string& dtype) {
        const DType type = dtype_of_name(dtype);
        return without_gil(augment_work(source, index),
                           [&] { return augment(source, index, {flip, shift}, random, scale, type); });
      },
      "source"_a, "index"_a, "flip"_a, "shift"_a, "random"_a, "scale"_a = 1.0, "dtype"_a = "float32");
  m.def(
      "augment_into",
      [](const Tensor& out, const Tensor& source, const Tensor& index, bool flip, int64_t shift,
         const Tensor& random, double scale) {
        without_gil(augment_work(source, index),
                    [&] { augment_into(out, source, index, {flip, shift}, random, scale); });
      },
      "out"_a, "source"_a, "index"_a, "flip"_a, "shift"_a, "random"_a, "scale"_a = 1.0);
}

}  // namespace strate
