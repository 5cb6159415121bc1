// The sizes of a convolution, the way it is computed, and the loops of its three directions over threads.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "core/allocator.h"
#include "kernels/pool2d.h"
#include "ops/combine.h"
#include "ops/grid.h"

namespace strate::cpu {

// One axis of the image. `before`: padding at its start; negative where rows are cut off.
struct ConvolutionAxis {
  int64_t size, out, kernel, stride, dilation, before;

  int64_t reach() const { return dilation * (kernel - 1) + 1; }  // from the first tap to the last
  int64_t needed() const {
    return out > 0 ? (out - 1) * stride + reach() : 0;
  }  // padded places that outputs see
  bool padded() const { return before != 0 || needed() > size; }
  // The outputs that see no padding, up to `end_whole`, and how many do.
  int64_t first_whole() const { return before > 0 ? (before + stride - 1) / stride : 0; }
  int64_t end_whole() const { return size + before < reach() ? 0 : (size + before - reach()) / stride + 1; }
  int64_t edge() const {
    const int64_t whole = (end_whole() < out ? end_whole() : out) - first_whole();
    return out - (whole > 0 ? whole : 0);
  }
};

// The taps of an output that lie inside the image.
struct Inside {
  int64_t first, count, at;  // `at`: what the first of them sees
};
Inside inside(const ConvolutionAxis&, int64_t output);
int64_t all_inside(const ConvolutionAxis&);  // of all outputs together
// The outputs that see `places` of the image with one tap.
Span outputs_of_tap(const ConvolutionAxis&, int64_t tap, Span places);

// What the user asked for: the cheapest way, or one of two wherever it is possible.
enum class ConvolutionChoice : int32_t { automatic, direct, winograd };
ConvolutionChoice convolution_choice();
void set_convolution_choice(ConvolutionChoice);

struct Convolution {
  ConvolutionAxis rows, columns;
  int64_t images, channels, filters, groups;
  int workers;  // threads that the workspace serves
  ConvolutionChoice choice;

  int64_t group_channels() const { return channels / groups; }
  int64_t group_filters() const { return filters / groups; }
  int64_t taps() const { return rows.kernel * columns.kernel; }
  int64_t outputs() const { return images * rows.out * columns.out; }
  int64_t inputs() const { return images * rows.size * columns.size * channels; }  // numbers of x
  // Terms of the sum that lie side by side in x: a row of taps, or the channels of one.
  bool contiguous() const { return groups == 1 && columns.dilation == 1; }
  int64_t run() const { return contiguous() ? columns.kernel * channels : group_channels(); }
  int64_t depth() const { return taps() * group_channels(); }  // terms of each output
  int64_t weights() const { return depth() * filters; }
  bool padded() const { return rows.padded() || columns.padded(); }
  double work() const { return double(outputs()) * double(depth()) * double(filters) / 50; }  // nanoseconds
};

// The convolution of dz that dx is, where there is no stride.
Convolution exchanged(const Convolution&);

// How a convolution is computed: decided here, by shape and instruction set alone.
//   matrix     a product of matrices as it stands: 1x1 kernels, and kernels as large as the image
//   depthwise  one channel and one filter in each group
//   winograd   3x3 kernels of stride 1, where transforming tiles costs less than it saves (conv2d_winograd.h)
//   unfolded   few outputs, many weights: what each output sees is copied into a row (convolution_unfolded.h)
//   pairs      one channel and few filters: two pixels in a register
//   images     few outputs: the rows of a product are one pixel of all images (convolution_images.h)
//   direct     implicit product: taps are read where they lie, in x or in a padded band of its rows
enum class ConvolutionWay { matrix, depthwise, winograd, unfolded, pairs, images, direct };
template <class T> ConvolutionWay convolution_way(const Convolution&);

// y = the sums + bias, and what is done to it afterwards; softmax is left to the caller.
template <class T> int64_t convolution_forward_workspace(const Convolution&);
template <class T>
void convolution_forward(T* y, const T* x, const T* weight, const T* bias, T* workspace, Convolution,
                         Afterwards<T>);

// Max-pooling of y in the same pass: a band of y stays in a thread's scratch, and what is written is the
// largest of each window, z, and its place, one byte (places may be null). For windows whose rows lie side by
// side, and ways that compute y in bands of rows.
template <class T> struct Pooled {
  T* z;
  uint8_t* places;
  PoolSizes sizes;
};
template <class T> bool pools_in_bands(const Convolution&, const PoolSizes&);
template <class T> int64_t convolution_pooled_workspace(const Convolution&, const PoolSizes&);
template <class T>
void convolution_pooled(Pooled<T>, const T* x, const T* weight, const T* bias, T* workspace, Convolution,
                        ActivationKind, T slope);

// dx = the gradient of the input + bias, and what is done to it afterwards. Bias (channels) and activation
// are for the transposed convolution, whose forward this is; a gradient has neither.
template <class T> int64_t convolution_input_workspace(const Convolution&);
template <class T>
void convolution_input(T* dx, const T* dz, const T* weight, const T* bias, T* workspace, Convolution,
                       Afterwards<T>);

template <class T> int64_t convolution_weight_workspace(const Convolution&);
template <class T>
void convolution_weight(T* dweight, T* dbias, const T* dz, const T* x, T* workspace, Convolution,
                        Flag* dweight_flag, Flag* dbias_flag);

// ---- shared by the three

// Rows of padded input that a task copies to its scratch, or reads in place.
template <class T> struct BandView {
  const T* data;
  int64_t row;  // from one row to the next
};
// Row step of a scratch band: not a power of two apart, so that rows do not fall on each other in the cache.
int64_t band_row(const Convolution&);
// The rows that outputs begin..end of an image see; copied to `scratch` if the convolution is padded.
template <class T>
BandView<T> input_band(const Convolution&, const T* x, int64_t image, int64_t begin, int64_t end, T* scratch);
int64_t band_rows(const Convolution&, int64_t outputs);  // rows that so many rows of outputs see

// Rows of outputs to a task, so that its band of inputs takes so many bytes at most.
template <class T> int64_t rows_per_band(const Convolution&, int64_t bytes);

template <class T> void raise_if_not_finite(const T* x, int64_t n, Flag* flag);

}  // namespace strate::cpu
