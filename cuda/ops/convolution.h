// Convolutions on the device: what conv2d and its transpose call.
#pragma once

#include "cuda/ops/product_sum.h"
#include "ops/convolution.h"
#include "ops/cuda.h"

namespace strate::cuda {

// y = activation(convolution + bias); bias may be null, softmax is left to the caller.
template <class T>
void convolution_forward(const char* name, T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias,
                         const cpu::Convolution&, ActivationKind, Wide<T> slope, Multiply);

// dx = activation(the gradient of the input + bias): both are for the transposed convolution, whose forward
// this is; a gradient has neither.
template <class T>
void convolution_input(const char* name, T* dx, const T* dz, const Wide<T>* weight, const Wide<T>* bias,
                       const cpu::Convolution&, ActivationKind, Wide<T> slope, Multiply);

// A number in dweight that is not finite raises the flag. The workspace also serves the sums of the bias's
// gradient.
int64_t convolution_weight_workspace(const cpu::Convolution&);  // numbers
template <class T>
void convolution_weight(const char* name, Wide<T>* dweight, const T* dz, const T* x, Wide<T>* workspace,
                        const cpu::Convolution&, Flag* flag, Multiply);

}  // namespace strate::cuda
