// Convolution (cross-correlation: the kernel is not flipped), with the bias and the activation f in the
// kernel that writes y: y[n,i,j,o] = f(b[o] + sum over a, b, c of x[n, i s - p + a d, j s - p + b d, c]
// w[o,a,b,c]), x zero outside. Derivative: dz = dy f'(y); dw[o,a,b,c] = sum over n, i, j of dz[n,i,j,o]
// x[...], dbias[o] = sum of dz; dx[...] = sum over the same terms of dz[n,i,j,o] w[o,a,b,c]. Shapes: x (N, H,
// W, C), weight (O, kh, kw, C / groups), bias (O), y (N, H', W', O) with H' = (H + top + bottom - dilation
// (kh - 1) - 1) / stride + 1, rounded down. Filters o of group g see channels of g. The weight's memory order
// is (kh, kw, C / groups, O); another order is copied first, dweight must have it. Backward overwrites dx,
// dweight and dbias; it raises the flag of a dweight or dbias that is not finite. What padding gives, zero
// times a number that is not finite, may be left out of y and dw. Saved for backward: x, and y unless f is
// the identity.
#pragma once

#include <array>
#include <cstdint>

#include "core/tensor.h"
#include "ops/activation.h"
#include "ops/convolution.h"
#include "ops/cuda.h"
#include "ops/pool2d.h"
#include "ops/weighted.h"

namespace strate {

struct Conv2d {
  using Pair = std::array<int64_t, 2>;

  // padding: top, bottom, left, right. Throws where a size is out of its range.
  Conv2d(Pair stride, std::array<int64_t, 4> padding, Pair dilation, int64_t groups);

  Pair stride;
  std::array<int64_t, 4> padding;
  Pair dilation;
  int64_t groups;
};

// The sizes, checked; with tensors their types too. bias may have no memory.
cpu::Convolution convolution_of(const Shape& x, const Shape& weight, const Conv2d&);
cpu::Convolution checked_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                     const Conv2d&);
Shape output_shape(const cpu::Convolution&);  // of y

constexpr int conv2d_weight_axes[] = {1, 2, 3, 0};
constexpr WeightOrder conv2d_weight_order{conv2d_weight_axes, "(kh, kw, channels / groups, filters)"};

Shape conv2d_shape(const Shape& x, const Shape& weight, const Conv2d&);

// How forward computes it, in a few words.
std::string conv2d_algorithm(const Shape& x, const Shape& weight, const Conv2d&, DType);

// `added`, if it has memory, has the shape of y and is added before the activation, which is elementwise.
Tensor conv2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2d&,
                      const Activation&, const Tensor& added);

// max_pool2d_forward of it: (z, argmax), in one pass where the shapes allow.
std::pair<Tensor, Tensor> conv2d_pooled_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                                const Conv2d&, const Activation&, const Pool2d&,
                                                bool need_argmax);

// Gradients of that: dy and z, argmax as it returned them, softmax excepted. `before` as below.
Tensor conv2d_pooled_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& z,
                              const Tensor& argmax, const Conv2d&, const Activation&, const Pool2d&,
                              const Tensor& dweight, const Tensor& dbias, bool need_dx,
                              const Activation& before);

// A bias, dweight or dbias without memory is skipped; dx is computed if need_dx, else has no memory. `added`,
// if it has memory, has the shape of dx, to which it is added. dx is multiplied by the derivative of
// `before`, the elementwise activation that returned x, where that is not the identity.
Tensor conv2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& y,
                       const Conv2d&, const Activation&, const Tensor& dweight, const Tensor& dbias,
                       bool need_dx, const Tensor& added, const Activation& before);

template <class T> struct Conv2dCuda {
  void (*forward)(T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias, cpu::Convolution,
                  ActivationKind, double slope, Multiply);
  void (*input)(T* dx, const T* dz, const Wide<T>* weight, cpu::Convolution, Multiply);
  int64_t (*weight_workspace)(cpu::Convolution);  // numbers
  void (*weight)(Wide<T>* dweight, Wide<T>* dbias, const T* dz, const T* x, Wide<T>* workspace,
                 cpu::Convolution, Flag* dweight_flag, Flag* dbias_flag, Multiply);
};

double conv2d_work(const Shape& x, const Shape& weight,
                   const Conv2d&);  // nanoseconds of forward on one thread

}  // namespace strate
