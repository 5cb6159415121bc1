// The tiles of Winograd's convolution, as its directions share them: where a tile lies in the image, how its
// points lie in memory, and how many tiles a worker takes at once.
#pragma once

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/conv2d_winograd.h"
#include "ops/grid.h"

namespace strate::cpu {

// Where tiles lie in the images, and their points in memory.
struct WinogradPlan {
  // Elements behind a row of many points, so that rows do not share cache sets.
  static constexpr int64_t gap(int64_t channels) { return channels < 64 ? 0 : 16; }

  int64_t f, across, down;  // outputs along a tile's side; tiles of an image
  int64_t points;
  int64_t x_row, y_row;  // steps between tiles in the points of x and of y
  int64_t zeros;         // elements of a row of zeros that a tile covers
  int64_t item_size;

  WinogradPlan(const Winograd& s, int64_t item_size_)
      : f(s.f()),
        across(s.tiles_across()),
        down(s.tiles_down()),
        points(s.points()),
        x_row(s.channels + gap(s.channels)),
        y_row(s.filters + gap(s.filters)),
        zeros(rounded(most_winograd_side * std::max(s.channels, s.filters))),
        item_size(item_size_) {}

  // From a point of so many tiles to the next, of x and of y: not a power of two apart, as rows.
  int64_t x_step(int64_t tiles) const { return apart(tiles * x_row); }
  int64_t y_step(int64_t tiles) const { return apart(tiles * y_row); }
  static constexpr int64_t apart(int64_t step) { return step % 256 == 0 ? step + 16 : step; }

  int64_t space(int64_t tiles) const { return points * (x_step(tiles) + y_step(tiles)); }  // elements
  // Tiles whose points take so many bytes.
  int64_t tiles_in(int64_t bytes) const { return bytes / (points * (x_row + y_row) * item_size); }
};

// A side of the convolution: x, or y and its gradient.
template <class P> struct WinogradImages {
  P* images;
  int64_t height, width, channels;
  int64_t before_row, before_column;  // pixels of a tile before its first output
  int side;                           // pixels of a tile
  int64_t lines;                      // rows of tiles, of all images

  // The tiles from..from + tiles of the line-th row of tiles.
  WinogradLine<P> line(const WinogradPlan& plan, int64_t line, int64_t from, int64_t tiles) const {
    const int64_t below = line + 1 < lines ? plan.f * width * channels : 0;
    WinogradLine<P> all{{}, from * plan.f - before_column, width, channels, tiles, below};
    P* image = images + line / plan.down * height * width * channels;
    const int64_t first = line % plan.down * plan.f - before_row;
    for (int i = 0; i < side; i++)
      if (first + i >= 0 && first + i < height) all.row[i] = image + (first + i) * width * channels;
    return all;
  }
};

template <class T> WinogradImages<const T> winograd_inputs(const Winograd& s, const T* x) {
  return {x, s.height, s.width, s.channels, s.top, s.left, winograd_side(s.tile), s.images * s.tiles_down()};
}
template <class P> WinogradImages<P> winograd_outputs(const Winograd& s, P* y) {
  return {y, s.out_height, s.out_width, s.filters, 0, 0, int(s.f()), s.images * s.tiles_down()};
}

// f(line, from, tiles, place) for the tiles first..first + count, line by line.
template <class F> void for_lines(const WinogradPlan& plan, int64_t first, int64_t count, F&& f) {
  for (int64_t place = 0; place < count;) {
    const int64_t line = (first + place) / plan.across, from = (first + place) % plan.across;
    const int64_t tiles = std::min(plan.across - from, count - place);
    f(line, from, tiles, place);
    place += tiles;
  }
}

}  // namespace strate::cpu
