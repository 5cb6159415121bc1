#include "ops/convolution.h"

#include <algorithm>
#include <atomic>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/conv2d_winograd.h"
#include "ops/convolution_images.h"
#include "ops/convolution_unfolded.h"

namespace strate::cpu {

static std::atomic<ConvolutionChoice> choice{ConvolutionChoice::automatic};

ConvolutionChoice convolution_choice() { return choice.load(std::memory_order_relaxed); }
void set_convolution_choice(ConvolutionChoice wanted) { choice.store(wanted); }

Inside inside(const ConvolutionAxis& a, int64_t output) {
  const int64_t corner = output * a.stride - a.before;
  const int64_t first = corner < 0 ? parts_up(-corner, a.dilation) : 0;
  const int64_t end = corner < a.size ? std::min(a.kernel, parts_up(a.size - corner, a.dilation)) : 0;
  if (end <= first) return {0, 0, 0};
  return {first, end - first, corner + first * a.dilation};
}

int64_t all_inside(const ConvolutionAxis& a) {
  int64_t sum = 0;
  for (int64_t i = 0; i < a.out; i++) sum += inside(a, i).count;
  return sum;
}

Span outputs_of_tap(const ConvolutionAxis& a, int64_t tap, Span places) {
  const int64_t from = a.before - tap * a.dilation, low = places.begin + from, high = places.end - 1 + from;
  const int64_t begin = low <= 0 ? 0 : parts_up(low, a.stride);
  const int64_t end = high < 0 ? 0 : std::min(a.out, high / a.stride + 1);
  return {begin, std::max(begin, end)};
}

// The outer padding of dz is what the taps reach beyond x's.
static ConvolutionAxis exchanged(const ConvolutionAxis& a) {
  return {a.out, a.size, a.kernel, 1, a.dilation, a.reach() - 1 - a.before};
}
Convolution exchanged(const Convolution& c) {
  return {exchanged(c.rows), exchanged(c.columns), c.images, c.filters, c.channels, c.groups, c.workers,
          c.choice};
}

template <class T> ConvolutionWay convolution_way(const Convolution& c) {
  const auto& r = c.rows;
  const auto& w = c.columns;
  if (c.groups == 1 && !c.padded()) {
    const bool pointwise =
        c.taps() == 1 && r.stride == 1 && w.stride == 1 && r.out == r.size && w.out == w.size;
    const bool whole = r.kernel == r.size && w.kernel == w.size && r.dilation == 1 && w.dilation == 1;
    if (pointwise || whole) return ConvolutionWay::matrix;
  }
  if (c.groups == c.channels && c.groups == c.filters && c.groups > 1) return ConvolutionWay::depthwise;
  if (winograd_tile<T>(c) != WinogradTile::none) return ConvolutionWay::winograd;
  if (unfolds<T>(c)) return ConvolutionWay::unfolded;
  const auto& k = kernels<T>().conv2d;
  const bool neighbours = w.stride == 1 && w.dilation == 1;  // pixels of a pair see neighbouring pixels
  if (c.channels == 1 && neighbours && c.filters <= k.most_pair_filters() &&
      w.kernel <= k.most_pair_columns())
    return ConvolutionWay::pairs;
  if (images_are_rows<T>(c)) return ConvolutionWay::images;
  return ConvolutionWay::direct;
}

int64_t band_row(const Convolution& c) {
  const int64_t row = (c.columns.needed() + 1) * c.channels;  // one pixel of slack, for `pairs`
  return row % 256 == 0 ? row + 16 : row;
}

int64_t band_rows(const Convolution& c, int64_t outputs) {
  return (outputs - 1) * c.rows.stride + c.rows.reach();
}

template <class T>
BandView<T> input_band(const Convolution& c, const T* x, int64_t image, int64_t begin, int64_t end,
                       T* scratch) {
  const int64_t row = c.columns.size * c.channels;
  const T* from = x + image * c.rows.size * row;
  if (!scratch) return {from + begin * c.rows.stride * row, row};
  Band<T> band;
  band.to = scratch;
  band.image = from;
  band.to_row = band_row(c);
  band.image_row = band.image_width = row;
  band.image_rows = c.rows.size;
  band.first_row = begin * c.rows.stride - c.rows.before;
  band.rows = band_rows(c, end - begin);
  band.left = c.columns.before * c.channels;
  band.width = std::min(band.to_row, (c.columns.needed() + 1) * c.channels);
  kernels<T>().conv2d.band(band);
  return {scratch, band.to_row};
}

template <class T> int64_t rows_per_band(const Convolution& c, int64_t bytes) {
  const int64_t row = band_row(c) * c.rows.stride * int64_t(sizeof(T));
  return std::clamp(bytes / std::max<int64_t>(row, 1), int64_t(1), std::max<int64_t>(c.rows.out, 1));
}

template <class T> void raise_if_not_finite(const T* x, int64_t n, Flag* flag) {
  if (!kernels<T>().finite.all(x, n)) flag->store(true);
}

#define STRATE_INSTANTIATE(T)                                                                      \
  template ConvolutionWay convolution_way<T>(const Convolution&);                                  \
  template BandView<T> input_band<T>(const Convolution&, const T*, int64_t, int64_t, int64_t, T*); \
  template int64_t rows_per_band<T>(const Convolution&, int64_t);                                  \
  template void raise_if_not_finite<T>(const T*, int64_t, Flag*);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
