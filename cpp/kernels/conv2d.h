// What convolution needs besides matrix products: bands of padded rows, depthwise convolution, and images of
// one channel with few filters, where a register of filters would be mostly empty.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "kernels/member.h"

namespace strate {

// Rows of an image with what padding adds around them, or cuts off where it is negative. Sizes in elements.
template <class T> struct Band {
  T* to;
  const T* image;
  int64_t to_row, image_row;  // from one row to the next
  int64_t image_rows, image_width;
  int64_t first_row, rows;  // of the band; rows outside the image are zero
  int64_t left, width;      // zeros before the image's row, and the band's row in all
};

// Depthwise: output channel c sees input channel c alone. One image or a band of it; lines are rows of y.
template <class T> struct Depthwise {
  int64_t lines, columns, channels;  // of y
  int64_t kernel_rows, kernel_columns;
  int64_t skipped = 0;          // elements of the weights, after each row of taps
  int64_t x_line, x_column;     // steps in x from one output to the next
  int64_t tap_row, tap_column;  // steps in x from one tap to the next
  int64_t y_line, y_column;     // and in y
  // Taps and outputs as far apart in x, a kernel that `slides`, and columns outside the image: what the first
  // output sees begins `before` elements before a row of x; `first` to `end` of all columns seen lie in it.
  bool slides = false;
  bool far = false;  // x and y lie in no cache: what the next line takes is asked for; if it slides
  int64_t before = 0, first = 0, end = 0;
  ActivationKind activation = ActivationKind::identity;
  T slope = 0;
};

// One channel, few filters, stride 1 along the row: a register holds two pixels of every filter.
template <class T> struct Pairs {
  int64_t lines, columns, filters;  // of y
  int64_t kernel_rows, kernel_columns;
  int64_t x_line, tap_row;  // steps in x from line to line of y, and from tap row to tap row
  ActivationKind activation = ActivationKind::identity;
  T slope = 0;
};

template <class T> struct Conv2dKernels {
  void (*band)(const Band<T>&);

  void (*depthwise)(T* y, const T* x, const T* weight, const T* bias, const Depthwise<T>&);
  bool (*slides)(int64_t kernel_columns);  // whether `depthwise` may be asked to
  void (*depthwise_input)(T* dx, const T* dy, const T* weight, const Depthwise<T>&);   // dx +=
  void (*depthwise_weight)(T* dweight, const T* x, const T* dy, const Depthwise<T>&);  // dweight +=

  int64_t (*most_pair_filters)();
  int64_t (*most_pair_columns)();  // of the kernel, for `pairs_weight`
  void (*pair_weights)(T* to, const T* weight, int64_t taps,
                       int64_t filters);  // each value twice: one register a tap
  void (*pairs)(T* y, const T* x, const T* paired_weight, const T* bias,
                const Pairs<T>&);                                              // reads x up to one too far
  void (*pairs_weight)(T* dweight, const T* x, const T* dy, const Pairs<T>&);  // dweight +=

  // y = activation(y + bias) for pixels of so many channels; bias may be null.
  void (*finish)(T* y, const T* bias, int64_t pixels, int64_t channels, ActivationKind, T slope);

  template <class F> static void list(F&& visit) {
    visit("conv2d.band", member<&Conv2dKernels::band>);
    visit("conv2d.depthwise", member<&Conv2dKernels::depthwise>);
    visit("conv2d.slides", member<&Conv2dKernels::slides>);
    visit("conv2d.depthwise_input", member<&Conv2dKernels::depthwise_input>);
    visit("conv2d.depthwise_weight", member<&Conv2dKernels::depthwise_weight>);
    visit("conv2d.most_pair_filters", member<&Conv2dKernels::most_pair_filters>);
    visit("conv2d.most_pair_columns", member<&Conv2dKernels::most_pair_columns>);
    visit("conv2d.pair_weights", member<&Conv2dKernels::pair_weights>);
    visit("conv2d.pairs", member<&Conv2dKernels::pairs>);
    visit("conv2d.finish", member<&Conv2dKernels::finish>);
    visit("conv2d.pairs_weight", member<&Conv2dKernels::pairs_weight>);
  }
};

}  // namespace strate
