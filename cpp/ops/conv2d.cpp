#include "ops/conv2d.h"

#include "core/parallel.h"
#include "ops/combine.h"
#include "ops/conv2d_winograd.h"
#include "ops/convolution.h"
#include "ops/product.h"
#include "ops/weighted.h"

namespace strate {
namespace {

using cpu::Convolution;
using cpu::ConvolutionAxis;
using cpu::ConvolutionWay;

constexpr const char* op = "conv2d";
constexpr int64_t largest_setting = 1 << 20;

void check_range(const char* name, int64_t value, int64_t least) {
  check(value >= least, op, name, " is ", least, " or more; got ", name, "=", value);
  check(value <= largest_setting, op, name, " is at most ", largest_setting, "; got ", name, "=", value);
}

ConvolutionAxis axis_of(const Shape& x, const Shape& weight, const Conv2d& conv, int i) {
  ConvolutionAxis axis{x[1 + i], 0, weight[1 + i], conv.stride[i], conv.dilation[i], conv.padding[2 * i]};
  const int64_t total = axis.size + conv.padding[2 * i] + conv.padding[2 * i + 1];
  check(axis.kernel <= largest_setting && axis.size > 0 && axis.reach() <= total, op, "a ", weight[1], "x",
        weight[2], " kernel (dilation ", conv.dilation[0], "x", conv.dilation[1], ") does not fit ", x[1],
        "x", x[2], "x", x[3], " (padding ", conv.padding[0], ", ", conv.padding[1], ", ", conv.padding[2],
        ", ", conv.padding[3], "); got x=", x, ", weight=", weight);
  axis.out = (total - axis.reach()) / axis.stride + 1;
  return axis;
}

template <class T>
void backward_on_cuda(const Tensor& dx, const Tensor& dweight, const Tensor& dbias, const Tensor& dz,
                      const Tensor& x, const Tensor& weight, const Convolution& c) {
  if (dweight.defined() || dbias.defined()) {
    const Tensor room = room_for(cuda_part<Conv2dCuda<T>>().weight_workspace(c), x);
    run(on_cuda(&Conv2dCuda<T>::weight), dweight, dbias, dz, x, room, c, flag_of(dweight), flag_of(dbias),
        multiply());
  }
  if (dx.defined()) run(on_cuda(&Conv2dCuda<T>::input), dx, dz, weight, c, multiply());
}

}  // namespace

Convolution convolution_of(const Shape& x, const Shape& weight, const Conv2d& conv) {
  check(x.rank == 4, op, "x is (N, H, W, C); got x=", x);
  check(weight.rank == 4, op, "weight is (filters, kh, kw, channels / groups); got weight=", weight);
  for (int i = 0; i < 4; i++) check(weight[i] > 0, op, "no size of weight is 0; got weight=", weight);
  check(x[3] == checked_multiply(weight[3], conv.groups, op), op,
        "weight sees channels / groups channels; got x=", x, ", weight=", weight, ", groups=", conv.groups);
  check(weight[0] % conv.groups == 0, op, "the filters are a multiple of groups; got weight=", weight,
        ", groups=", conv.groups);
  return {axis_of(x, weight, conv, 0),
          axis_of(x, weight, conv, 1),
          x[0],
          x[3],
          weight[0],
          conv.groups,
          num_threads(),
          cpu::convolution_choice()};
}

Shape output_shape(const Convolution& c) { return {c.images, c.rows.out, c.columns.out, c.filters}; }

Convolution checked_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                const Conv2d& conv) {
  check_stored(op, "x", x);
  check_parameter_type(op, "x", x, "weight", weight);
  const Convolution c = convolution_of(x.shape(), weight.shape(), conv);
  check_bias(op, x, bias, c.filters);
  return c;
}

namespace cpu {

template <class T>
void conv2d_forward(T* y, const T* x, const T* weight, const T* bias, const T* added, T* workspace,
                    Convolution c, ActivationKind kind, double slope) {
  convolution_forward<T>(y, x, weight, bias, workspace, c, {added, kind, T(slope)});
}

template <class T>
void conv2d_input(T* dx, const T* dz, const T* weight, const T* added, const T* seen, T* workspace,
                  Convolution c, ActivationKind before, double slope) {
  convolution_input<T>(dx, dz, weight, nullptr, workspace, c, Afterwards<T>(added, seen, before, T(slope)));
}

template <class T>
void conv2d_gradients(T* dx, T* dweight, const T* dz, const T* x, const T* weight, const T* added,
                      const T* seen, T* workspace, Convolution c, ActivationKind before, double slope,
                      Flag* flag) {
  winograd_gradients<T>(dx, dweight, dz, x, weight, workspace, c,
                        Afterwards<T>(added, seen, before, T(slope)), flag);
}

template <class T>
void conv2d_weight(T* dweight, T* dbias, const T* dz, const T* x, T* workspace, Convolution c,
                   Flag* dweight_flag, Flag* dbias_flag) {
  convolution_weight<T>(dweight, dbias, dz, x, workspace, c, dweight_flag, dbias_flag);
}

// A convolution that is a product of matrices: all gradients in one loop.
template <class T>
void conv2d_matrix(T* dx, T* dweight, T* dbias, const T* dz, const T* x, const T* weight, const T* added,
                   const T* seen, T* workspace, Convolution c, ActivationKind before, double slope,
                   Flag* dweight_flag, Flag* dbias_flag) {
  backward_product(BackwardProduct<T>{dx, dweight, dbias, dz, x, weight, c.outputs(), c.filters, c.depth(),
                                      workspace, dweight_flag, dbias_flag, c.workers});
  if (dx) Afterwards<T>(added, seen, before, T(slope)).everywhere(dx, c.inputs());
}

}  // namespace cpu

namespace {

// `seen` is x, or nothing where no activation came before.
template <class T>
void backward_on_cpu(const Tensor& dx, const Tensor& dweight, const Tensor& dbias, const Tensor& dz,
                     const Tensor& x, const Tensor& weight, const Tensor& added, const Tensor& seen,
                     const Convolution& c, const Activation& before) {
  const auto [h, slope] = before;
  if (cpu::convolution_way<T>(c) == ConvolutionWay::matrix) {
    const Tensor room = room_for(cpu::backward_workspace<T>(c.outputs(), c.filters, c.depth(), c.workers), x);
    return run(cpu::conv2d_matrix<T>, dx, dweight, dbias, dz, x, weight, added, seen, room, c, h, slope,
               flag_of(dweight), flag_of(dbias));
  }
  const bool together = dx.defined() && dweight.defined() && cpu::winograd_gradients_fit<T>(c);
  if (together) {
    const Tensor room = room_for(cpu::winograd_gradients_space<T>(c), x);
    run(cpu::conv2d_gradients<T>, dx, dweight, dz, x, weight, added, seen, room, c, h, slope,
        flag_of(dweight));
  }
  const Tensor left = together ? Tensor() : dweight;
  if (left.defined() || dbias.defined()) {
    const Tensor room = room_for(cpu::convolution_weight_workspace<T>(c), x);
    run(cpu::conv2d_weight<T>, left, dbias, dz, x, room, c, flag_of(left), flag_of(dbias));
  }
  if (dx.defined() && !together) {
    const Tensor room = room_for(cpu::convolution_input_workspace<T>(c), x);
    run(cpu::conv2d_input<T>, dx, dz, weight, added, seen, room, c, h, slope);
  }
}

}  // namespace

Conv2d::Conv2d(Pair stride_, std::array<int64_t, 4> padding_, Pair dilation_, int64_t groups_)
    : stride(stride_), padding(padding_), dilation(dilation_), groups(groups_) {
  for (int i = 0; i < 2; i++) {
    check_range("stride", stride[i], 1);
    check_range("dilation", dilation[i], 1);
  }
  for (int64_t side : padding) check_range("padding", side, 0);
  check_range("groups", groups, 1);
}

Shape conv2d_shape(const Shape& x, const Shape& weight, const Conv2d& conv) {
  return output_shape(convolution_of(x, weight, conv));
}

std::string conv2d_algorithm(const Shape& x, const Shape& weight, const Conv2d& conv, DType dtype) {
  const Convolution c = convolution_of(x, weight, conv);
  return visit_real(dtype, [&]<class T>() -> std::string {
    const cpu::ConvolutionWay way = cpu::convolution_way<T>(c);
    if (way == cpu::ConvolutionWay::matrix) return "product";
    if (way == cpu::ConvolutionWay::depthwise) return "depthwise";
    if (way == cpu::ConvolutionWay::unfolded) return "direct, unfolded";
    if (way == cpu::ConvolutionWay::images) return "direct, pixels of all images";
    if (way == cpu::ConvolutionWay::pairs) return "direct, pairs of pixels";
    if (way == cpu::ConvolutionWay::winograd) {
      const WinogradTile tile = cpu::winograd_tile<T>(c);
      return text("Winograd F(", winograd_outputs(tile), winograd_taps(tile) == 3 ? ")" : "), 5x5");
    }
    return "direct";
  });
}

double conv2d_work(const Shape& x, const Shape& weight, const Conv2d& conv) {
  return convolution_of(x, weight, conv).work();
}

Tensor conv2d_forward(const Tensor& x_, const Tensor& weight_, const Tensor& bias_, const Conv2d& conv,
                      const Activation& activation, const Tensor& added_) {
  const Convolution c = checked_convolution(x_, weight_, bias_, conv);
  check_added(op, added_, x_, output_shape(c), activation);
  if (added_.defined() && x_.device() == Device::cuda)
    return with_added(conv2d_forward(x_, weight_, bias_, conv, Activation{}, Tensor()), added_, activation);
  const Tensor x = contiguous(x_), weight = in_order(weight_, conv2d_weight_axes);
  const Tensor bias = contiguous_or_none(bias_), added = contiguous_or_none(added_);
  Tensor y = empty(output_shape(c), x.dtype(), x.device());
  visit_stored(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda)
      return run(on_cuda(&Conv2dCuda<T>::forward), y, x, weight, bias, c, activation.kind, activation.slope,
                 multiply());
    if constexpr (on_cpu<T>) {
      const Tensor workspace = room_for(cpu::convolution_forward_workspace<T>(c), x);
      run(cpu::conv2d_forward<T>, y, x, weight, bias, added, workspace, c, activation.kind, activation.slope);
    }
  });
  return activation.kind == ActivationKind::softmax ? activation_forward(y, activation) : y;
}

Tensor conv2d_backward(const Tensor& dy_, const Tensor& x_, const Tensor& weight_, const Tensor& y,
                       const Conv2d& conv, const Activation& activation, const Tensor& dweight,
                       const Tensor& dbias, bool need_dx, const Tensor& added_, const Activation& before) {
  const Convolution c = checked_convolution(x_, weight_, Tensor(), conv);
  check_added(op, added_, x_, x_.shape(), Activation{});
  check(before.kind != ActivationKind::softmax, op, "what came before is elementwise; got softmax");
  check_weight_gradients(op, dweight, dbias, x_, weight_.shape(), c.filters, conv2d_weight_order);
  const Tensor dz = gradient_by_z(op, dy_, y, activation, output_shape(c), x_, weight_);
  const Tensor x = contiguous(x_), weight = in_order(weight_, conv2d_weight_axes);
  const Tensor added = contiguous_or_none(added_);
  const Tensor seen = before.kind == ActivationKind::identity ? Tensor() : x;
  Tensor dx = need_dx ? empty(x.shape(), x.dtype(), x.device()) : Tensor();
  visit_stored(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda) return backward_on_cuda<T>(dx, dweight, dbias, dz, x, weight, c);
    if constexpr (on_cpu<T>) backward_on_cpu<T>(dx, dweight, dbias, dz, x, weight, added, seen, c, before);
  });
  if (need_dx && x.device() == Device::cuda) {
    if (added.defined()) dx = with_added(dx, added, Activation{});
    if (seen.defined()) dx = activation_backward(dx, seen, before);
  }
  return dx;
}

}  // namespace strate
