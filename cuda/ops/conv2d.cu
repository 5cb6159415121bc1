#include "ops/conv2d.h"

#include "cuda/ops/convolution.h"

namespace strate::cuda {
namespace {

using cpu::Convolution;

template <class T>
void forward(T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias, Convolution c,
             ActivationKind activation, double slope, Multiply kind) {
  convolution_forward<T>("conv2d_forward", y, x, weight, bias, c, activation, Wide<T>(slope), kind);
}

template <class T> void input(T* dx, const T* dz, const Wide<T>* weight, Convolution c, Multiply kind) {
  convolution_input<T>("conv2d_input", dx, dz, weight, nullptr, c, ActivationKind::identity, 0, kind);
}

int64_t workspace(Convolution c) { return convolution_weight_workspace(c); }

template <class T>
void weight(Wide<T>* dweight, Wide<T>* dbias, const T* dz, const T* x, Wide<T>* workspace, Convolution c,
            Flag* dweight_flag, Flag* dbias_flag, Multiply kind) {
  if (dweight) convolution_weight("conv2d_weight", dweight, dz, x, workspace, c, dweight_flag, kind);
  if (dbias) column_sums("conv2d_bias", dbias, dz, c.outputs(), c.filters, workspace, dbias_flag);
}

template <class T> constexpr Conv2dCuda<T> part{forward<T>, input<T>, workspace, weight<T>};

}  // namespace

void fill(Conv2dCuda<float>& to) { to = part<float>; }
void fill(Conv2dCuda<double>& to) { to = part<double>; }
void fill(Conv2dCuda<bfloat16>& to) { to = part<bfloat16>; }

}  // namespace strate::cuda
