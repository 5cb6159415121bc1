#include "ops/conv2d_transpose.h"

#include "core/parallel.h"
#include "ops/convolution.h"
#include "ops/product.h"
#include "ops/weighted.h"

namespace strate {
namespace {

using cpu::Convolution;
using cpu::ConvolutionAxis;

constexpr const char* op = "conv2d_transpose";
constexpr int weight_order[] = {1, 2, 3, 0};
constexpr WeightOrder in_memory{weight_order, "(kh, kw, filters / groups, channels)"};
constexpr int64_t largest_kernel = 1 << 20;

// The axis of the convolution that this one is the adjoint of: from y's size to x's.
ConvolutionAxis axis_of(const Shape& x, const Shape& weight, const Conv2d& conv, Conv2d::Pair output_padding,
                        int i) {
  const int64_t extra = output_padding[i], stride = conv.stride[i];
  check(extra >= 0 && extra < stride, op, "0 <= output_padding < stride; got output_padding=", extra,
        ", stride=", stride);
  check(x[1 + i] > 0 && weight[1 + i] <= largest_kernel, op,
        "an image has pixels, a kernel at most 2^20 to a side; got x=", x, ", weight=", weight);
  ConvolutionAxis axis{0, x[1 + i], weight[1 + i], stride, conv.dilation[i], conv.padding[2 * i]};
  axis.size = checked_multiply(axis.out - 1, stride, op) + axis.reach() + extra - conv.padding[2 * i] -
              conv.padding[2 * i + 1];
  check(axis.size > 0, op, "the padding leaves a pixel of y; got padding=", conv.padding[0], ", ",
        conv.padding[1], ", ", conv.padding[2], ", ", conv.padding[3], ", x=", x, ", weight=", weight);
  return axis;
}

Convolution convolution_of(const Shape& x, const Shape& weight, const Conv2d& conv,
                           Conv2d::Pair output_padding) {
  check(x.rank == 4, op, "x is (N, H, W, C); got x=", x);
  check(weight.rank == 4, op, "weight is (channels, kh, kw, filters / groups); got weight=", weight);
  for (int i = 0; i < 4; i++) check(weight[i] > 0, op, "no size of weight is 0; got weight=", weight);
  check(weight[0] == x[3], op, "weight has a kernel for each channel; got x=", x, ", weight=", weight);
  check(x[3] % conv.groups == 0, op, "the channels are a multiple of groups; got x=", x,
        ", groups=", conv.groups);
  return {axis_of(x, weight, conv, output_padding, 0),
          axis_of(x, weight, conv, output_padding, 1),
          x[0],
          checked_multiply(weight[3], conv.groups, op),
          x[3],
          conv.groups,
          num_threads(),
          cpu::convolution_choice()};
}

Shape shape_of(const Convolution& c) { return {c.images, c.rows.size, c.columns.size, c.channels}; }

void check_types(const Tensor& x, const Tensor& weight) {
  check_stored(op, "x", x);
  check_parameter_type(op, "x", x, "weight", weight);
}

template <class T>
void backward_on_cuda(const Tensor& dx, const Tensor& dweight, const Tensor& dbias, const Tensor& dz,
                      const Tensor& x, const Tensor& weight, const Convolution& c) {
  if (dweight.defined() || dbias.defined()) {
    const Tensor room = room_for(cuda_part<Conv2dTransposeCuda<T>>().weight_workspace(c), x);
    run(on_cuda(&Conv2dTransposeCuda<T>::weight), dweight, dbias, dz, x, room, c, flag_of(dweight),
        flag_of(dbias), multiply());
  }
  if (dx.defined()) run(on_cuda(&Conv2dTransposeCuda<T>::input), dx, dz, weight, c, multiply());
}

}  // namespace

namespace cpu {

template <class T>
void conv2d_transpose_forward(T* y, const T* x, const T* weight, const T* bias, T* workspace, Convolution c,
                              ActivationKind kind, double slope) {
  convolution_input<T>(y, x, weight, bias, workspace, c, {nullptr, kind, T(slope)});
}

template <class T>
void conv2d_transpose_input(T* dx, const T* dz, const T* weight, T* workspace, Convolution c) {
  convolution_forward<T>(dx, dz, weight, nullptr, workspace, c, {});
}

// x and dz have changed places: x is what the convolution would give, dz what it would see.
template <class T>
void conv2d_transpose_weight(T* dweight, const T* dz, const T* x, T* workspace, Convolution c, Flag* flag) {
  convolution_weight<T>(dweight, nullptr, x, dz, workspace, c, flag, nullptr);
}

// The sum over all pixels, as a product without factors.
template <class T>
void conv2d_transpose_bias(T* dbias, const T* dz, T* workspace, Convolution c, Flag* flag) {
  const int64_t pixels = c.images * c.rows.size * c.columns.size;
  backward_product(BackwardProduct<T>{nullptr, nullptr, dbias, dz, nullptr, nullptr, pixels, c.channels, 1,
                                      workspace, nullptr, flag, c.workers});
}

}  // namespace cpu

namespace {

template <class T>
void backward_on_cpu(const Tensor& dx, const Tensor& dweight, const Tensor& dbias, const Tensor& dz,
                     const Tensor& x, const Tensor& weight, const Convolution& c) {
  if (dweight.defined()) {
    const Tensor room = room_for(cpu::convolution_weight_workspace<T>(c), x);
    run(cpu::conv2d_transpose_weight<T>, dweight, dz, x, room, c, dweight.nonfinite());
  }
  if (dbias.defined()) {
    const int64_t pixels = c.images * c.rows.size * c.columns.size;
    const Tensor room = room_for(cpu::backward_workspace<T>(pixels, c.channels, 1, c.workers), x);
    run(cpu::conv2d_transpose_bias<T>, dbias, dz, room, c, dbias.nonfinite());
  }
  if (dx.defined()) {
    const Tensor room = room_for(cpu::convolution_forward_workspace<T>(c), x);
    run(cpu::conv2d_transpose_input<T>, dx, dz, weight, room, c);
  }
}

}  // namespace

Shape conv2d_transpose_shape(const Shape& x, const Shape& weight, const Conv2d& conv,
                             Conv2d::Pair output_padding) {
  return shape_of(convolution_of(x, weight, conv, output_padding));
}

double conv2d_transpose_work(const Shape& x, const Shape& weight, const Conv2d& conv,
                             Conv2d::Pair output_padding) {
  return convolution_of(x, weight, conv, output_padding).work();
}

Tensor conv2d_transpose_forward(const Tensor& x_, const Tensor& weight_, const Tensor& bias_,
                                const Conv2d& conv, Conv2d::Pair output_padding,
                                const Activation& activation) {
  check_types(x_, weight_);
  const Convolution c = convolution_of(x_.shape(), weight_.shape(), conv, output_padding);
  check_bias(op, x_, bias_, c.channels);
  const Tensor x = contiguous(x_), weight = in_order(weight_, weight_order);
  const Tensor bias = contiguous_or_none(bias_);
  Tensor y = empty(shape_of(c), x.dtype(), x.device());
  visit_stored(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda)
      return run(on_cuda(&Conv2dTransposeCuda<T>::forward), y, x, weight, bias, c, activation.kind,
                 activation.slope, multiply());
    if constexpr (on_cpu<T>) {
      const Tensor workspace = room_for(cpu::convolution_input_workspace<T>(c), x);
      run(cpu::conv2d_transpose_forward<T>, y, x, weight, bias, workspace, c, activation.kind,
          activation.slope);
    }
  });
  return activation.kind == ActivationKind::softmax ? activation_forward(y, activation) : y;
}

Tensor conv2d_transpose_backward(const Tensor& dy_, const Tensor& x_, const Tensor& weight_, const Tensor& y,
                                 const Conv2d& conv, Conv2d::Pair output_padding,
                                 const Activation& activation, const Tensor& dweight, const Tensor& dbias,
                                 bool need_dx) {
  check_types(x_, weight_);
  const Convolution c = convolution_of(x_.shape(), weight_.shape(), conv, output_padding);
  check_weight_gradients(op, dweight, dbias, x_, weight_.shape(), c.channels, in_memory);
  const Tensor dz = gradient_by_z(op, dy_, y, activation, shape_of(c), x_, weight_);
  const Tensor x = contiguous(x_), weight = in_order(weight_, weight_order);
  const Tensor dx = need_dx ? empty(x.shape(), x.dtype(), x.device()) : Tensor();
  visit_stored(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda) return backward_on_cuda<T>(dx, dweight, dbias, dz, x, weight, c);
    if constexpr (on_cpu<T>) backward_on_cpu<T>(dx, dweight, dbias, dz, x, weight, c);
  });
  return dx;
}

}  // namespace strate
