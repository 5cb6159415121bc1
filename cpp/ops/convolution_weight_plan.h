// How the gradient of the weights is cut into tasks, and where its workspace lies; by the shape alone.
#pragma once

#include <algorithm>

#include "kernels/dispatch.h"
#include "ops/chunks.h"
#include "ops/convolution.h"
#include "ops/grid.h"
#include "ops/product.h"

namespace strate::cpu {

constexpr int64_t large_weights = 1 << 18;        // numbers; partial results would leave the cache
constexpr int64_t unit_bytes = 128 << 10;         // images are taken together up to here
constexpr int64_t weight_band_bytes = 512 << 10;  // of the second-level cache
constexpr int64_t piece_pixels = 128;             // whose dz all tiles find in the first-level cache

// Whether lanes along the taps of a row are used better than lanes of filters.
template <class T> bool lanes_along_taps(const Convolution& c) {
  const int64_t registers = parts_up(c.run(), kernels<T>().gemm.lanes());
  return c.group_filters() <= row_unit && 1.3 * double(c.group_filters() * registers) < double(c.run());
}

// Whether a product for each tap, over the outputs that see the image with it, costs less than one for a row
// of taps over all outputs, for which each of the parts copies a band of x with its padding.
template <class T> bool leaves_padding_out(const Convolution& c, bool narrow, int64_t parts) {
  const int64_t lanes = kernels<T>().gemm.lanes(), gf = c.group_filters();
  const auto cycles = [&](int64_t run) {
    return narrow ? term_cycles(gf, parts_up(run, lanes)) : term_cycles(run, parts_up(gf, lanes));
  };
  constexpr double product = 100, copied = 1;  // cycles, of a call and of a number
  const double pieces = double(parts_up(c.rows.out * c.columns.out, piece_pixels));
  const double calls = double(c.rows.kernel * (c.columns.kernel - 1)) * pieces * product;
  const double seen = double(all_inside(c.rows) * all_inside(c.columns));
  const double apart = seen * cycles(c.group_channels()) + calls;
  const double outputs = double(c.rows.out * c.columns.out * c.rows.kernel);
  return apart < outputs * cycles(c.run()) + copied * double(parts * band_rows(c, c.rows.out) * band_row(c));
}

template <class T> struct WeightPlan {
  ConvolutionWay way;
  bool copied;           // bands are copied to scratch
  bool narrow;           // partial results are transposed, (filters, depth): lanes lie along the taps
  bool by_taps = false;  // a product for each tap, not for a row of them; padding is not read then
  int64_t rows, bands;   // output rows to a band, bands to an image
  int64_t together = 1;  // whole images that make one unit of the sum
  int64_t units;         // of all images
  int64_t filter_unit, filter_parts = 1, tap_parts = 1, chunks = 1;
  int64_t partial, scratch = 0;  // elements: of a chunk's result, and to a worker

  explicit WeightPlan(const Convolution& c) : way(convolution_way<T>(c)) {
    if (way != ConvolutionWay::depthwise && way != ConvolutionWay::pairs) way = ConvolutionWay::direct;
    narrow = way == ConvolutionWay::direct && lanes_along_taps<T>(c);
    cut(c);
    if (way == ConvolutionWay::direct)
      by_taps = !c.contiguous() || (c.padded() && leaves_padding_out<T>(c, narrow, filter_parts * tap_parts));
    copied = (c.padded() && !by_taps) || way == ConvolutionWay::pairs;
    const int64_t most_rows = parts_up(std::max<int64_t>(c.images, 1) * c.rows.out, chunks);
    rows = std::min(rows_per_band<T>(c, weight_band_bytes), most_rows);
    bands = parts_up(c.rows.out, rows);
    if (bands == 1) {
      const int64_t bytes = band_rows(c, c.rows.out) * band_row(c) * int64_t(sizeof(T));
      together = std::clamp<int64_t>(unit_bytes / bytes, 1, std::max<int64_t>(c.images / chunks, 1));
    }
    units = parts_up(c.images, together) * bands;
    chunks = std::clamp<int64_t>(chunks, 1, std::max<int64_t>(units, 1));
    partial = rounded((c.depth() + 1) * c.filters);
    if (copied) scratch = rounded(together * band_rows(c, rows) * band_row(c) + 16);
  }

  int64_t run(const Convolution& c) const { return by_taps ? c.group_channels() : c.run(); }  // of a product
  bool whole() const { return chunks == 1 && !narrow; }  // there are no partial results

  void cut(const Convolution& c) {
    int64_t left = tasks_for(c.work(), nanoseconds_per_chunk);
    filter_unit = c.groups == 1 ? 2 * kernels<T>().gemm.lanes() : c.group_filters();
    if (way == ConvolutionWay::direct) {
      filter_parts = std::min(left, parts_up(c.filters, filter_unit));
      left = parts_up(left, filter_parts);
      if (c.weights() > large_weights) tap_parts = std::min(left, c.rows.kernel);
      left = parts_up(left, tap_parts);
    }
    chunks = std::min(left, most_chunks);
  }
};

}  // namespace strate::cpu
