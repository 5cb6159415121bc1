// Enlarging images by whole factors, over rows: of y going forward, of dx going back. A row index counts
// through all images. Channels are the parallel axis.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

// Images (N, H, W, C), to (N, down H, across W, C).
struct UpSampleSizes {
  int64_t images, height, width, channels;
  int64_t down, across;  // the factors

  int64_t rows() const { return height * down; }  // of y
  int64_t columns() const { return width * across; }
};

template <class T> struct UpSample2dKernels {
  void (*nearest)(T* y, const T* x, const UpSampleSizes&, int64_t begin, int64_t end);
  void (*nearest_input)(T* dx, const T* dy, const UpSampleSizes&, int64_t begin, int64_t end);
  void (*bilinear)(T* y, const T* x, const UpSampleSizes&, int64_t begin, int64_t end);
  // rows, columns: what `weights` wrote for the two axes.
  void (*bilinear_input)(T* dx, const T* dy, const T* rows, const T* columns, const UpSampleSizes&,
                         int64_t begin, int64_t end);
  // to (size, 3 factor): what output factor (p - 1) + k takes from pixel p; 0 where there is no such output.
  void (*weights)(T* to, int64_t size, int64_t factor);

  template <class F> static void list(F&& visit) {
    visit("up_sample2d.nearest", member<&UpSample2dKernels::nearest>);
    visit("up_sample2d.nearest_input", member<&UpSample2dKernels::nearest_input>);
    visit("up_sample2d.bilinear", member<&UpSample2dKernels::bilinear>);
    visit("up_sample2d.bilinear_input", member<&UpSample2dKernels::bilinear_input>);
    visit("up_sample2d.weights", member<&UpSample2dKernels::weights>);
  }
};

}  // namespace strate
