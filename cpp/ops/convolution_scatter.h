// The gradient of the input by scattering: dz times the weights of a row of taps is added to the pixels that
// the taps saw. For strides, and for kernels whose convolution would mostly visit padding.
#pragma once

#include "ops/convolution.h"

namespace strate::cpu {

// Registers of columns of a row of taps, for each of the sum's terms.
template <class T> int64_t scattered_registers(const Convolution&);

template <class T> int64_t scatter_space(const Convolution&);
// dx = activation(the gradient + bias); bias may be null.
template <class T>
void scatter(T* dx, const T* dz, const T* weight, const T* bias, T* workspace, const Convolution&,
             ActivationKind, T slope);

}  // namespace strate::cpu
