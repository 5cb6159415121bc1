#include "ops/conv2d_transpose.h"

#include "cuda/ops/convolution.h"

namespace strate::cuda {
namespace {

using cpu::Convolution;

template <class T>
void forward(T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias, Convolution c,
             ActivationKind activation, double slope, Multiply kind) {
  convolution_input<T>("conv2d_transpose_forward", y, x, weight, bias, c, activation, Wide<T>(slope), kind);
}

template <class T> void input(T* dx, const T* dz, const Wide<T>* weight, Convolution c, Multiply kind) {
  convolution_forward<T>("conv2d_transpose_input", dx, dz, weight, nullptr, c, ActivationKind::identity, 0,
                         kind);
}

int64_t pixels(const Convolution& c) { return c.images * c.rows.size * c.columns.size; }

int64_t workspace(Convolution c) {
  return std::max(convolution_weight_workspace(c), column_sums_workspace(pixels(c), c.channels));
}

// x and dz have changed places: x is what the convolution would give, dz what it would see.
template <class T>
void weight(Wide<T>* dweight, Wide<T>* dbias, const T* dz, const T* x, Wide<T>* workspace, Convolution c,
            Flag* dweight_flag, Flag* dbias_flag, Multiply kind) {
  if (dweight)
    convolution_weight("conv2d_transpose_weight", dweight, x, dz, workspace, c, dweight_flag, kind);
  if (dbias) column_sums("conv2d_transpose_bias", dbias, dz, pixels(c), c.channels, workspace, dbias_flag);
}

template <class T> constexpr Conv2dTransposeCuda<T> part{forward<T>, input<T>, workspace, weight<T>};

}  // namespace

void fill(Conv2dTransposeCuda<float>& to) { to = part<float>; }
void fill(Conv2dTransposeCuda<double>& to) { to = part<double>; }
void fill(Conv2dTransposeCuda<bfloat16>& to) { to = part<bfloat16>; }

}  // namespace strate::cuda
