#include "ops/pool2d.h"

#include <algorithm>

#include "core/check.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr int64_t largest_setting = 1 << 20;

void check_range(const char* name, int64_t value, int64_t least) {
  check(value >= least, "pool2d", name, " is ", least, " or more; got ", value);
  check(value <= largest_setting, "pool2d", name, " is at most ", largest_setting, "; got ", value);
}

bool every_window_sees_a_pixel(const PoolAxis& axis) {
  if (axis.dilation == 1) return true;
  for (int64_t o = 0; o < axis.out; o++) {
    int64_t p = o * axis.stride - axis.before;
    const int64_t end = p + axis.window * axis.dilation;
    while (p < 0) p += axis.dilation;
    if (p >= axis.size || p >= end) return false;
  }
  return true;
}

PoolAxis pool_axis(std::string_view op, const Shape& x, const Pool2d& pool, int i) {
  PoolAxis axis{x[1 + i],
                0,
                pool.window[i],
                pool.stride[i],
                pool.dilation[i],
                pool.padding[2 * i],
                pool.padding[2 * i + 1]};
  const int64_t span = axis.dilation * (axis.window - 1) + 1, total = axis.size + axis.before + axis.after;
  check(axis.size > 0 && span <= total, op, "a window of ", pool.window[0], "x", pool.window[1],
        " (dilation ", pool.dilation[0], "x", pool.dilation[1], ") does not fit the image; got x=", x,
        ", padding=(", pool.padding[0], ", ", pool.padding[1], ", ", pool.padding[2], ", ", pool.padding[3],
        ")");
  axis.out = (total - span + (pool.ceil ? axis.stride - 1 : 0)) / axis.stride + 1;
  if (pool.ceil && (axis.out - 1) * axis.stride >= axis.size + axis.before) axis.out--;
  check(every_window_sees_a_pixel(axis), op, "every window holds a pixel of the image; got x=", x,
        ", window=", axis.window, ", dilation=", axis.dilation, ", padding=(", axis.before, ", ", axis.after,
        ")");
  return axis;
}

}  // namespace

Pool2d::Pool2d(Pair window_, Pair stride_, std::array<int64_t, 4> padding_, Pair dilation_, bool ceil_,
               bool count_padding_)
    : window(window_),
      stride(stride_),
      padding(padding_),
      dilation(dilation_),
      ceil(ceil_),
      count_padding(count_padding_) {
  for (int i = 0; i < 2; i++) {
    check_range("window", window[i], 1);
    check_range("stride", stride[i], 1);
    check_range("dilation", dilation[i], 1);
    for (int side = 2 * i; side < 2 * i + 2; side++) {
      check_range("padding", padding[side], 0);
      check(padding[side] < window[i], "pool2d",
            "padding is smaller than the window; got padding=", padding[side], ", window=", window[i]);
    }
  }
}

PoolSizes pool2d_sizes(std::string_view op, const Shape& x, const Pool2d& pool) {
  check(x.rank == 4, op, "x is (N, H, W, C); got x=", x);
  return {pool_axis(op, x, pool, 0), pool_axis(op, x, pool, 1), x[0], x[3], pool.count_padding};
}

Shape pool2d_shape(std::string_view op, const Shape& x, const Pool2d& pool) {
  PoolSizes sizes = pool2d_sizes(op, x, pool);
  return {sizes.images, sizes.rows.out, sizes.columns.out, sizes.channels};
}

int64_t pool2d_rows_per_task(const PoolSizes& s) {
  const int64_t row = std::max(s.columns.size, s.columns.out * s.columns.window * s.rows.window) * s.channels;
  return std::max<int64_t>(1, elementwise_grain / std::max<int64_t>(1, row));
}

double pool2d_work(const PoolSizes& s, int64_t item_size) {
  const double in = double(s.rows.size) * double(s.columns.size);
  const double read =
      double(s.rows.out) * double(s.columns.out) * double(s.rows.window) * double(s.columns.window);
  return (in + read) * double(s.images) * double(s.channels) * double(item_size) * 0.05;
}

}  // namespace strate
