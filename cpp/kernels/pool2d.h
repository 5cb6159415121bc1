// The sizes of a pooling problem, for max_pool2d and average_pool2d. Images (N, H, W, C), channels innermost.
#pragma once

#include <cstdint>

namespace strate {

struct PoolAxis {
  int64_t size, out;                 // pixels in and out along this axis
  int64_t window, stride, dilation;  // of the window
  int64_t before, after;             // padding
};

struct PoolSizes {
  PoolAxis rows, columns;
  int64_t images, channels;
  bool count_padding;
};

}  // namespace strate
