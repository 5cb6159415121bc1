// Both gradients of a convolution through max-pooling from the winners of the windows alone, with their
// threads: a quarter of the outputs, the others are zero. For few channels and few filters; many are
// multiplied faster as matrices, zeros and all. The kernels are in kernels/winners.h, with the formulas.
#pragma once

#include <cstdint>

#include "core/allocator.h"
#include "ops/convolution.h"

namespace strate::cpu {

// Whether such a convolution and pooling are for it, by their sizes.
template <class T> bool by_winners(const Convolution&, const PoolSizes&);

// Overwrites dx, dweight and dbias; null ones are skipped. dy, z and places are of the windows: the gradient
// is taken through the activation of z, which may be null for the identity. Raises the flag of a dweight or
// dbias that is not finite.
template <class T> int64_t winners_workspace(const Convolution&, const PoolSizes&);
template <class T>
void winners_backward(T* dx, T* dweight, T* dbias, const T* dy, const T* z, const uint8_t* places, const T* x,
                      const T* weight, T* workspace, Convolution, PoolSizes, ActivationKind, double slope,
                      Flag* dweight_flag, Flag* dbias_flag);

}  // namespace strate::cpu
