#include "ops/conv2d.h"

#include "bind/bind.h"
#include "ops/convolution.h"

namespace strate {
namespace {

void bind_settings(py::module_& m) {
  using namespace py::literals;
  using Pair = Conv2d::Pair;
  py::class_<Conv2d>(m, "Conv2d", py::is_final())
      .def(py::init<Pair, std::array<int64_t, 4>, Pair, int64_t>(), "stride"_a = Pair{1, 1},
           "padding"_a = std::array<int64_t, 4>{}, "dilation"_a = Pair{1, 1}, "groups"_a = 1)
      .def_property_readonly("stride",
                             [](const Conv2d& c) { return py::make_tuple(c.stride[0], c.stride[1]); })
      .def_property_readonly("padding",
                             [](const Conv2d& c) {
                               return py::make_tuple(c.padding[0], c.padding[1], c.padding[2], c.padding[3]);
                             })
      .def_property_readonly("dilation",
                             [](const Conv2d& c) { return py::make_tuple(c.dilation[0], c.dilation[1]); })
      .def_readonly("groups", &Conv2d::groups);
  m.def(
      "conv2d_shape",
      [](py::handle x, py::handle weight, const Conv2d& conv) {
        return shape_tuple(conv2d_shape(shape_of(x), shape_of(weight), conv));
      },
      "x_shape"_a, "weight_shape"_a, "conv"_a);
  m.def(
      "conv2d_algorithm",
      [](py::handle x, py::handle weight, const Conv2d& conv, const std::string& dtype) {
        return conv2d_algorithm(shape_of(x), shape_of(weight), conv, dtype_of_name(dtype));
      },
      "x_shape"_a, "weight_shape"_a, "conv"_a, "dtype"_a);
}

}  // namespace

namespace {

constexpr std::pair<const char*, cpu::ConvolutionChoice> choices[] = {
    {"auto", cpu::ConvolutionChoice::automatic},
    {"direct", cpu::ConvolutionChoice::direct},
    {"winograd", cpu::ConvolutionChoice::winograd}};

void set_convolution(const std::string& name) {
  for (auto [known, choice] : choices)
    if (name == known) return cpu::set_convolution_choice(choice);
  fail_value("conv2d", "the choice is 'auto', 'direct' or 'winograd'; got '", name, "'");
}

const char* convolution() {
  for (auto [known, choice] : choices)
    if (choice == cpu::convolution_choice()) return known;
  return "auto";
}

}  // namespace

void bind_conv2d(py::module_& m) {
  using namespace py::literals;
  m.def("set_convolution", set_convolution, "choice"_a);
  m.def("convolution", convolution);
  bind_settings(m);
  m.def(
      "conv2d_forward",
      [](const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias, const Conv2d& conv,
         const Activation& activation, const std::optional<Tensor>& added) {
        return without_gil(conv2d_work(x.shape(), weight.shape(), conv), [&] {
          return conv2d_forward(x, weight, or_none(bias), conv, activation, or_none(added));
        });
      },
      "x"_a, "weight"_a, "bias"_a, "conv"_a, "activation"_a, "added"_a = py::none());
  m.def(
      "conv2d_pooled_forward",
      [](const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias, const Conv2d& conv,
         const Activation& activation, const Pool2d& pool, bool need_argmax) {
        auto [z, argmax] = without_gil(conv2d_work(x.shape(), weight.shape(), conv), [&] {
          return conv2d_pooled_forward(x, weight, or_none(bias), conv, activation, pool, need_argmax);
        });
        return std::pair(std::move(z), to_optional(std::move(argmax)));
      },
      "x"_a, "weight"_a, "bias"_a, "conv"_a, "activation"_a, "pool"_a, "need_argmax"_a);
  m.def(
      "conv2d_pooled_backward",
      [](const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& z, const Tensor& argmax,
         const Conv2d& conv, const Activation& activation, const Pool2d& pool,
         const std::optional<Tensor>& dweight, const std::optional<Tensor>& dbias, bool need_dx,
         const Activation* before) {
        return to_optional(without_gil(2 * conv2d_work(x.shape(), weight.shape(), conv), [&] {
          return conv2d_pooled_backward(dy, x, weight, z, argmax, conv, activation, pool, or_none(dweight),
                                        or_none(dbias), need_dx, before ? *before : Activation{});
        }));
      },
      "dy"_a, "x"_a, "weight"_a, "z"_a, "argmax"_a, "conv"_a, "activation"_a, "pool"_a, "dweight"_a,
      "dbias"_a, "need_dx"_a, "before"_a = py::none());
  m.def(
      "conv2d_backward",
      [](const Tensor& dy, const Tensor& x, const Tensor& weight, const std::optional<Tensor>& y,
         const Conv2d& conv, const Activation& activation, const std::optional<Tensor>& dweight,
         const std::optional<Tensor>& dbias, bool need_dx, const std::optional<Tensor>& added,
         const Activation* before) {
        return to_optional(without_gil(2 * conv2d_work(x.shape(), weight.shape(), conv), [&] {
          return conv2d_backward(dy, x, weight, or_none(y), conv, activation, or_none(dweight),
                                 or_none(dbias), need_dx, or_none(added), before ? *before : Activation{});
        }));
      },
      "dy"_a, "x"_a, "weight"_a, "y"_a, "conv"_a, "activation"_a, "dweight"_a, "dbias"_a, "need_dx"_a,
      "added"_a = py::none(), "before"_a = py::none());
}

}  // namespace strate
