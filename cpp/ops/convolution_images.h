// Convolution where outputs are few: the rows of a product are one pixel of many images.
#pragma once

#include "ops/convolution.h"

namespace strate::cpu {

// Whether that costs less than products along the rows of an image.
template <class T> bool images_are_rows(const Convolution&);

template <class T> int64_t images_forward_space(const Convolution&);
template <class T>
void images_forward(T* y, const T* x, const T* weight, const T* bias, T* workspace, const Convolution&,
                    ActivationKind, T slope);

}  // namespace strate::cpu
