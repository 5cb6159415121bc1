#include "ops/recurrent.h"

#include "bind/bind.h"

namespace strate {
namespace {

using MaybeTensor = std::optional<Tensor>;

}  // namespace

void bind_recurrent(py::module_& m) {
  using namespace py::literals;
  m.def(
      "recurrent_forward",
      [](const std::string& cell, const Tensor& x, const Tensor& weight, const Tensor& recurrent_weight,
         const Tensor& bias, const MaybeTensor& recurrent_bias, const MaybeTensor& mask,
         const MaybeTensor& hidden, const MaybeTensor& first_cell, bool sequences) {
        const RecurrentInputs inputs{
            weight,          recurrent_weight,   bias, or_none(recurrent_bias), or_none(mask),
            or_none(hidden), or_none(first_cell)};
        const int64_t rows = x.rank() == 3 ? x.shape()[0] * x.shape()[1] : 0;
        RecurrentForward made = without_gil(recurrent_work(rows, weight, recurrent_weight),
                                            [&] { return recurrent_forward(cell, x, inputs, sequences); });
        RecurrentSaved& saved = made.saved;
        return py::make_tuple(made.y,
                              py::make_tuple(saved.x, saved.hidden, saved.gates, to_optional(saved.memory)));
      },
      "cell"_a, "x"_a, "weight"_a, "recurrent_weight"_a, "bias"_a, "recurrent_bias"_a, "mask"_a, "hidden"_a,
      "first_cell"_a, "sequences"_a);
  m.def(
      "recurrent_backward",
      [](const std::string& cell, const Tensor& dy,
         const std::tuple<Tensor, Tensor, Tensor, MaybeTensor>& saved, const Tensor& weight,
         const Tensor& recurrent_weight, const MaybeTensor& mask, const MaybeTensor& dweight,
         const MaybeTensor& drecurrent_weight, const MaybeTensor& dbias, const MaybeTensor& drecurrent_bias,
         bool need_dx) {
        const auto& [x, hidden, gates, memory] = saved;
        const RecurrentSaved kept{x, hidden, gates, or_none(memory)};
        const RecurrentGradients out{or_none(dweight), or_none(drecurrent_weight), or_none(dbias),
                                     or_none(drecurrent_bias)};
        const int64_t rows = x.rank() == 3 ? x.shape()[0] * x.shape()[1] : 0;
        RecurrentBackward made = without_gil(2 * recurrent_work(rows, weight, recurrent_weight), [&] {
          return recurrent_backward(cell, dy, kept, weight, recurrent_weight, or_none(mask), out, need_dx);
        });
        return py::make_tuple(to_optional(made.dx), made.dhidden, to_optional(made.dcell));
      },
      "cell"_a, "dy"_a, "saved"_a, "weight"_a, "recurrent_weight"_a, "mask"_a, "dweight"_a,
      "drecurrent_weight"_a, "dbias"_a, "drecurrent_bias"_a, "need_dx"_a);
}

}  // namespace strate
