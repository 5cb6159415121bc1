#include "ops/gather.h"

#include "bind/bind.h"

namespace strate {

void bind_gather(py::module_& m) {
  using namespace py::literals;
  m.def(
      "gather",
      [](const Tensor& source, const Tensor& index, double scale, const std::optional<std::string>& dtype) {
        std::optional<DType> type = dtype ? std::optional(dtype_of_name(*dtype)) : std::nullopt;
        return without_gil(gather_work(source, index), [&] { return gather(source, index, scale, type); });
      },
      "source"_a, "index"_a, "scale"_a = 1.0, "dtype"_a = py::none());
  m.def(
      "gather_into",
      [](const Tensor& out, const Tensor& source, const Tensor& index, double scale) {
        without_gil(gather_work(source, index), [&] { gather_into(out, source, index, scale); });
      },
      "out"_a, "source"_a, "index"_a, "scale"_a = 1.0);
}

}  // namespace strate
