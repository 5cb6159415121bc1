// Trained sub-sampling: y[n,i,j,c] = f(weight[c] * sum over the window of x[n, i h + a, j w + b, c] +
// bias[c]), windows of h x w side by side, f the activation (LeCun et al., 1998). Derivative: dz = dy f'(y);
// dweight[c] = sum of dz times the window's sum, dbias[c] = sum of dz, dx = weight[c] dz of the pixel's
// window, 0 for pixels behind the last whole window. Shapes: x (N, H, W, C), weight, bias (C), y (N, H / h, W
// / w, C), rounded down. Backward overwrites dx, dweight and dbias; it raises the flag of a dweight or dbias
// that is not finite. Saved for backward: x, and y unless f is the identity.
#pragma once

#include <array>

#include "core/tensor.h"
#include "kernels/sub_sample2d.h"
#include "ops/activation.h"
#include "ops/column_sums.h"

namespace strate {

using SubSampleWindow = std::array<int64_t, 2>;

Tensor sub_sample2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, SubSampleWindow,
                            const Activation&);

// A dweight or dbias without memory is skipped; dx is computed if need_dx, else has no memory.
Tensor sub_sample2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& y,
                             SubSampleWindow, const Activation&, const Tensor& dweight, const Tensor& dbias,
                             bool need_dx);

template <class T> struct SubSample2dCuda {
  void (*forward)(T* y, const T* x, const T* weight, const T* bias, SubSampleSizes, ActivationKind,
                  double slope);
  void (*input)(T* dx, const T* dz, const T* weight, SubSampleSizes);
  // The pixels of y are one group's rows, with two sums for each channel.
  void (*weight)(T* dweight, T* dbias, const T* dz, const T* x, double* partials, SubSampleSizes, ColumnSizes,
                 Flag* dweight_flag, Flag* dbias_flag);
};

}  // namespace strate
