// Transposed convolution, the adjoint of conv2d: y[n,p,q,f] = g(b[f] + sum over i, j, a, b, c with p = i s -
// t
// + a d, q likewise, of x[n,i,j,c] w[c,a,b,f]), so every pixel of x is spread over the window that the
// convolution saw. Derivative: dz = dy g'(y); dx is the convolution of dz with w, dw[c,a,b,f] = sum over n,
// i, j of x[n,i,j,c] dz[n, i s - t + a d, ..., f], dbias[f] = sum of dz. Shapes: x (N, H, W, C), weight (C,
// kh, kw, F / groups), bias (F), y (N, H', W', F) with H' = (H - 1) s - top - bottom + d (kh - 1) + 1 +
// output_padding, which is smaller than the stride: it says which of the sizes that the convolution takes to
// H is meant. Channels of x of group g give filters of g. The weight is that of the convolution from F to C
// channels, in its memory order (kh, kw, F / groups, C); another order is copied first, dweight must have it.
// Backward overwrites dx, dweight and dbias; it raises the flag of a dweight or dbias that is not finite.
// Saved for backward: x, and y unless g is the identity.
#pragma once

#include "ops/conv2d.h"

namespace strate {

Shape conv2d_transpose_shape(const Shape& x, const Shape& weight, const Conv2d&, Conv2d::Pair output_padding);

Tensor conv2d_transpose_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2d&,
                                Conv2d::Pair output_padding, const Activation&);

// A bias, dweight or dbias without memory is skipped; dx is computed if need_dx, else has no memory.
Tensor conv2d_transpose_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& y,
                                 const Conv2d&, Conv2d::Pair output_padding, const Activation&,
                                 const Tensor& dweight, const Tensor& dbias, bool need_dx);

template <class T> struct Conv2dTransposeCuda {
  void (*forward)(T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias, cpu::Convolution,
                  ActivationKind, double slope, Multiply);
  void (*input)(T* dx, const T* dz, const Wide<T>* weight, cpu::Convolution, Multiply);
  int64_t (*weight_workspace)(cpu::Convolution);  // numbers
  void (*weight)(Wide<T>* dweight, Wide<T>* dbias, const T* dz, const T* x, Wide<T>* workspace,
                 cpu::Convolution, Flag* dweight_flag, Flag* dbias_flag, Multiply);
};

double conv2d_transpose_work(const Shape& x, const Shape& weight, const Conv2d&,
                             Conv2d::Pair output_padding);  // nanoseconds of forward on one thread

}  // namespace strate
