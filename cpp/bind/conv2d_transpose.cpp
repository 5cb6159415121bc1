#include "ops/conv2d_transpose.h"

#include "bind/bind.h"

namespace strate {

void bind_conv2d_transpose(py::module_& m) {
  using namespace py::literals;
  using Pair = Conv2d::Pair;
  m.def(
      "conv2d_transpose_shape",
      [](py::handle x, py::handle weight, const Conv2d& conv, Pair output_padding) {
        return shape_tuple(conv2d_transpose_shape(shape_of(x), shape_of(weight), conv, output_padding));
      },
      "x_shape"_a, "weight_shape"_a, "conv"_a, "output_padding"_a = Pair{});
  m.def(
      "conv2d_transpose_forward",
      [](const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias, const Conv2d& conv,
         Pair output_padding, const Activation& activation) {
        return without_gil(conv2d_transpose_work(x.shape(), weight.shape(), conv, output_padding), [&] {
          return conv2d_transpose_forward(x, weight, or_none(bias), conv, output_padding, activation);
        });
      },
      "x"_a, "weight"_a, "bias"_a, "conv"_a, "output_padding"_a, "activation"_a);
  m.def(
      "conv2d_transpose_backward",
      [](const Tensor& dy, const Tensor& x, const Tensor& weight, const std::optional<Tensor>& y,
         const Conv2d& conv, Pair output_padding, const Activation& activation,
         const std::optional<Tensor>& dweight, const std::optional<Tensor>& dbias, bool need_dx) {
        const double work = conv2d_transpose_work(x.shape(), weight.shape(), conv, output_padding);
        return to_optional(without_gil(2 * work, [&] {
          return conv2d_transpose_backward(dy, x, weight, or_none(y), conv, output_padding, activation,
                                           or_none(dweight), or_none(dbias), need_dx);
        }));
      },
      "dy"_a, "x"_a, "weight"_a, "y"_a, "conv"_a, "output_padding"_a, "activation"_a, "dweight"_a, "dbias"_a,
      "need_dx"_a);
}

}  // namespace strate
