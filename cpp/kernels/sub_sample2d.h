// Trained sub-sampling over rows: windows side by side, one weight and one bias for each channel. A row index
// counts through all images. Channels are the parallel axis.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

// Images (N, H, W, C); pixels behind the last whole window belong to none.
struct SubSampleSizes {
  int64_t images, height, width, channels;
  int64_t window_height, window_width;

  int64_t rows() const { return height / window_height; }  // of y
  int64_t columns() const { return width / window_width; }
};

template <class T> struct SubSample2dKernels {
  // y = weight * sum of the window + bias, for rows begin..end of y.
  void (*forward)(T* y, const T* x, const T* weight, const T* bias, const SubSampleSizes&, int64_t begin,
                  int64_t end);
  // dx = weight * dz of the pixel's window, for rows begin..end of dx.
  void (*input)(T* dx, const T* dz, const T* weight, const SubSampleSizes&, int64_t begin, int64_t end);
  // dweight = sum of dz times the window's sum, dbias = sum of dz, over rows begin..end of y.
  void (*weight)(T* dweight, T* dbias, const T* dz, const T* x, const SubSampleSizes&, int64_t begin,
                 int64_t end);

  template <class F> static void list(F&& visit) {
    visit("sub_sample2d.forward", member<&SubSample2dKernels::forward>);
    visit("sub_sample2d.input", member<&SubSample2dKernels::input>);
    visit("sub_sample2d.weight", member<&SubSample2dKernels::weight>);
  }
};

}  // namespace strate
