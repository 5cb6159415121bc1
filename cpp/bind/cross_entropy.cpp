#include "ops/cross_entropy.h"

#include "bind/bind.h"

namespace strate {

void bind_cross_entropy(py::module_& m) {
  using namespace py::literals;
  m.def(
      "cross_entropy",
      [](const Tensor& y, const Tensor& target, const std::optional<Tensor>& class_weight,
         double label_smoothing, std::optional<int64_t> ignore_index, bool from_logits,
         const std::string& reduction, std::optional<double> background) {
        CrossEntropy settings{
            or_none(class_weight), label_smoothing, ignore_index,
            from_logits,           background,      reduction_of("cross_entropy", reduction)};
        return without_gil(cross_entropy_work(y), [&] { return cross_entropy(y, target, settings); });
      },
      "y"_a, "target"_a, "class_weight"_a = py::none(), "label_smoothing"_a = 0.0,
      "ignore_index"_a = py::none(), "from_logits"_a = true, "reduction"_a = "mean",
      "background"_a = py::none());
  m.def("are_labels", are_labels, "target"_a, "classes"_a);
}

}  // namespace strate
