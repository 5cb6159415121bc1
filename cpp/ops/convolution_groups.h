// The gradient of the weights of small groups: groups are taken together until their filters fill a register.
// The products of one group's x with another's dz cost nothing then, and are left out of the result.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/dispatch.h"
#include "ops/convolution.h"

namespace strate::cpu {

// How many: a divisor of the groups.
template <class T> int64_t groups_together(const Convolution& c) {
  constexpr int64_t most_channels = 64;
  if (convolution_way<T>(c) == ConvolutionWay::depthwise) return 1;
  int64_t n =
      std::min({c.groups, kernels<T>().gemm.lanes() / c.group_filters(), most_channels / c.group_channels()});
  while (n > 1 && c.groups % n != 0) n--;
  return std::max<int64_t>(n, 1);
}

inline Convolution merged(const Convolution& c, int64_t together) {
  Convolution wide = c;
  wide.groups = c.groups / together;
  if (c.choice == ConvolutionChoice::automatic) wide.choice = ConvolutionChoice::direct;
  return wide;
}

// The blocks of the diagonal: of each group of `wide`, what each group of c saw.
template <class T>
void take_apart(T* dweight, const T* merged_dweight, const Convolution& c, const Convolution& wide) {
  const int64_t gc = c.group_channels(), gf = c.group_filters(), together = c.groups / wide.groups;
  for (int64_t tap = 0; tap < c.taps(); tap++)
    for (int64_t i = 0; i < gc; i++)
      for (int64_t g = 0; g < c.groups; g++)
        std::memcpy(dweight + (tap * gc + i) * c.filters + g * gf,
                    merged_dweight + (tap * gc * together + g % together * gc + i) * c.filters + g * gf,
                    size_t(gf) * sizeof(T));
}

}  // namespace strate::cpu
