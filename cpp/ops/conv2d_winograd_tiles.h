// The tiles of Winograd's convolution, as its directions share them: where a tile lies in the image, how its
// points lie in memory, and how many tiles a worker takes at once.
#pragma once

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/conv2d_winograd.h"
#include "ops/grid.h"

namespace strate::cpu {

// Bytes of the points of a block of tiles, which one worker takes through all stages in its second-level
// cache.
constexpr int64_t winograd_block_bytes = 640 << 10;

// A pixel of an image.
struct Corner {
  int64_t image, row, column;
};

// Where tiles lie in the images, and their points in memory.
struct WinogradPlan {
  static constexpr int64_t gap = 16;  // elements behind a row of points: rows do not share cache sets

  int64_t f, across, down;  // outputs along a tile's side; tiles of an image
  int64_t points;
  int64_t x_row, y_row;  // steps between tiles in the points of x and of y
  int64_t zeros;         // elements of a pixel of zeros
  int64_t item_size;

  WinogradPlan(const Winograd& s, int64_t item_size_)
      : f(s.f()),
        across(s.tiles_across()),
        down(s.tiles_down()),
        points(s.points()),
        x_row(s.channels + gap),
        y_row(s.filters + gap),
        zeros(rounded(std::max(s.channels, s.filters))),
        item_size(item_size_) {}

  // A tile's first output.
  Corner corner(int64_t tile) const {
    const int64_t line = tile / across;
    return {line / down, line % down * f, tile % across * f};
  }
  int64_t space(int64_t tiles) const { return points * tiles * (x_row + y_row); }  // elements
  // Tiles whose points take so many bytes.
  int64_t tiles_in(int64_t bytes) const { return bytes / (space(1) * item_size); }
};

// Addresses of the pixels of a square of an image; `outside` stands for those beyond its edges.
template <class P> struct Pixels {
  P *images, *outside;
  int64_t height, width, channels;

  template <int side> void square(P** pixel, Corner at) const {
    const int64_t step = width * channels;
    P* corner = images + (at.image * height + at.row) * step + at.column * channels;
    if (at.row >= 0 && at.row + side <= height && at.column >= 0 && at.column + side <= width) {
      for (int i = 0; i < side; i++)
        for (int j = 0; j < side; j++) pixel[i * side + j] = corner + i * step + j * channels;
      return;
    }
    for (int i = 0; i < side; i++)
      for (int j = 0; j < side; j++) {
        const int64_t row = at.row + i, column = at.column + j;
        const bool inside = row >= 0 && row < height && column >= 0 && column < width;
        pixel[i * side + j] = inside ? corner + i * step + j * channels : outside;
      }
  }
};

// The points of the inputs that a tile sees.
template <class T>
void input_points(const Winograd& s, T* v, int64_t step, const T* x, const T* zeros, Corner at) {
  at.row -= s.top;
  at.column -= s.left;
  const Pixels<const T> pixels{x, zeros, s.height, s.width, s.channels};
  const T* pixel[most_winograd_points];
  winograd_side(s.tile) == 4 ? pixels.template square<4>(pixel, at) : pixels.template square<6>(pixel, at);
  kernels<T>().winograd.input(s.tile, v, step, pixel, s.channels);
}

// The output pixels of a tile.
template <class P> void output_pixels(const Winograd& s, P* y, P* outside, Corner at, P** pixel) {
  const Pixels<P> pixels{y, outside, s.out_height, s.out_width, s.filters};
  s.f() == 2 ? pixels.template square<2>(pixel, at) : pixels.template square<4>(pixel, at);
}

}  // namespace strate::cpu
