// What max_pool2d and average_pool2d share: the settings, and how many windows fit.
// Along each axis, with span = dilation (window - 1) + 1 and total = size + padding on both sides:
//   out = (total - span) / stride + 1, rounded down; or up (ceil), as long as the last window starts in the
//   image or in the padding before it. Padding is smaller than the window, and every window holds a pixel of
//   the image.
#pragma once

#include <array>
#include <string_view>

#include "core/tensor.h"
#include "kernels/pool2d.h"

namespace strate {

struct Pool2d {
  using Pair = std::array<int64_t, 2>;

  // padding: top, bottom, left, right. Throws where a size is out of its range.
  Pool2d(Pair window, Pair stride, std::array<int64_t, 4> padding, Pair dilation, bool ceil,
         bool count_padding);

  Pair window, stride;
  std::array<int64_t, 4> padding;
  Pair dilation;
  bool ceil;           // round the number of windows up
  bool count_padding;  // an average divides by the places in the padding too
};

PoolSizes pool2d_sizes(std::string_view op, const Shape& x, const Pool2d&);  // x (N, H, W, C)
Shape pool2d_shape(std::string_view op, const Shape& x, const Pool2d&);      // (N, H', W', C)

// Input or output rows in a task, and the time of a pass on one thread in nanoseconds.
int64_t pool2d_rows_per_task(const PoolSizes&);
double pool2d_work(const PoolSizes&, int64_t item_size);

}  // namespace strate
