// Rows of images by index, cast to T, scaled, shifted and mirrored at random: one pass.
// The draw of an image is philox(seed, domain | its row in the source, counter): word 0 says whether it is
// mirrored, words 1 and 2 by how many pixels it moves down and to the right. The upper bits of the index keep
// these numbers apart from those of the fills and of dropout.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

constexpr uint64_t augment_domain = uint64_t(1) << 62;

struct AugmentedImages {
  int64_t height, width, channels;
  int64_t shift;  // largest move in pixels; what moves in is 0
  bool flip;      // left and right, of every second image
};

template <class T> struct AugmentKernels {
  // out[r] from source[index[r]]; `random` holds seed and counter.
  template <class S>
  using Rows = void (*)(T* out, const S* source, const int64_t* index, int64_t rows, T scale,
                        const int64_t* random, AugmentedImages);
  Rows<uint8_t> from_uint8;
  Rows<int32_t> from_int32;
  Rows<int64_t> from_int64;
  Rows<float> from_float32;
  Rows<double> from_float64;

  template <class F> static void list(F&& visit) {
    visit("augment.from_uint8", member<&AugmentKernels::from_uint8>);
    visit("augment.from_int32", member<&AugmentKernels::from_int32>);
    visit("augment.from_int64", member<&AugmentKernels::from_int64>);
    visit("augment.from_float32", member<&AugmentKernels::from_float32>);
    visit("augment.from_float64", member<&AugmentKernels::from_float64>);
  }
};

}  // namespace strate
