// Convolution with few outputs and many weights, forward: what the taps of each output see is copied into a
// row, and the rows are multiplied by the weights in one product.
#pragma once

#include "ops/convolution.h"

namespace strate::cpu {

// Whether that is the better way: large weights pass by once for all outputs.
template <class T> bool unfolds(const Convolution&);

template <class T> int64_t unfolded_forward_space(const Convolution&);
template <class T>
void unfolded_forward(T* y, const T* x, const T* weight, const T* bias, T* workspace, const Convolution&,
                      ActivationKind, T slope);

}  // namespace strate::cpu
