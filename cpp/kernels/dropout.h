// Dropout of elements [begin, end) of a tensor; begin is a multiple of 64. The same pass serves x and dy.
// Element 64 g + 16 w + b is kept where word w of philox(seed, domain | 16 g + b, counter << 32 | stream) >=
// threshold: 16 blocks in lanes give 64 words in the order of the elements. The upper half of the index is
// the domain of dropout, which keeps its numbers apart from those of the fills.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

constexpr int64_t dropout_group = 64;
constexpr uint64_t dropout_domain = uint64_t(1) << 63;

template <class T> struct DropoutKernels {
  // y = kept ? scale * x : 0. `random` holds seed and counter.
  void (*apply)(T* y, const T* x, int64_t begin, int64_t end, const int64_t* random, uint32_t stream,
                uint32_t threshold, T scale);

  template <class F> static void list(F&& visit) { visit("dropout.apply", member<&DropoutKernels::apply>); }
};

}  // namespace strate
