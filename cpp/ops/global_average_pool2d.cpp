#include "ops/global_average_pool2d.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/grid.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "global_average_pool2d";

struct ImageSizes {
  int64_t images, pixels, channels;

  int64_t image() const { return pixels * channels; }
  // Of the sum over an image: one where there are images enough to share out.
  int64_t chunks() const {
    if (images >= 16) return 1;
    return std::clamp<int64_t>(image() / 16384, 1, std::min<int64_t>(16, pixels));
  }
};

ImageSizes sizes_of(const Shape& x) {
  check(x.rank == 4, op, "x is (N, H, W, C); got x=", x);
  check(x[1] > 0 && x[2] > 0, op, "an image has pixels; got x=", x);
  return {x[0], checked_multiply(x[1], x[2], op), x[3]};
}

}  // namespace

double global_average_pool2d_work(const Shape& x, int64_t item) { return streaming_time(x.count() * item); }

namespace cpu {

template <class T>
void global_average_pool2d_forward(T* y, const T* x, double* sums, ImageSizes s, double work) {
  const int64_t chunks = s.chunks(), room = rounded(s.channels);
  parallel_for(s.images * chunks, work, [&](int64_t task, int) {
    const Span rows = cut(s.pixels, 1, chunks, task % chunks);
    const T* from = x + task / chunks * s.image() + rows.begin * s.channels;
    kernels<T>().global_average_pool2d.sum(sums + task * room, from, rows.size(), s.channels);
  });
  for (int64_t n = 0; n < s.images; n++) {
    double* total = sums + n * chunks * room;
    for (int64_t i = 1; i < chunks; i++)
      for (int64_t c = 0; c < s.channels; c++) total[c] += total[i * room + c];
    for (int64_t c = 0; c < s.channels; c++) y[n * s.channels + c] = T(total[c] / double(s.pixels));
  }
}

// Split over images and their pixels.
template <class T> void global_average_pool2d_backward(T* dx, const T* dy, ImageSizes s, double work) {
  const int64_t grain = std::clamp<int64_t>(elementwise_grain / s.channels, 1, s.pixels);
  const int64_t parts = parts_up(s.pixels, grain);
  parallel_for(s.images * parts, work, [&](int64_t task, int) {
    const int64_t n = task / parts, from = task % parts * grain;
    kernels<T>().global_average_pool2d.spread(dx + n * s.image() + from * s.channels, dy + n * s.channels,
                                              std::min(grain, s.pixels - from), s.channels,
                                              T(1 / double(s.pixels)));
  });
}

}  // namespace cpu

Tensor global_average_pool2d_forward(const Tensor& x_) {
  check_stored(op, "x", x_);
  const ImageSizes s = sizes_of(x_.shape());
  const Tensor x = contiguous(x_);
  Tensor y = empty({s.images, s.channels}, x.dtype(), x.device());
  if (x.count() == 0) return y;
  if (x.device() == Device::cuda) {
    const ColumnSizes columns = column_sizes(s.images, s.pixels, s.channels);
    const Tensor partials = column_partials(columns, 1, x.device());
    visit_stored(x.dtype(), [&]<class T>() {
      run(on_cuda(&GlobalAveragePool2dCuda<T>::forward), y, x, partials, columns);
    });
    return y;
  }
  const Tensor sums = empty({s.images * s.chunks() * cpu::rounded(s.channels)}, DType::float64);
  const double work = global_average_pool2d_work(x.shape(), item_size(x.dtype()));
  visit_real(x.dtype(), [&]<class T>() { run(cpu::global_average_pool2d_forward<T>, y, x, sums, s, work); });
  return y;
}

Tensor global_average_pool2d_backward(const Tensor& dy_, const Shape& x) {
  check_stored(op, "dy", dy_);
  const ImageSizes s = sizes_of(x);
  const Shape shape = {s.images, s.channels};
  check(dy_.shape() == shape, op, "dy has the shape of y, ", shape, "; got dy=", dy_.shape(), ", x=", x);
  const Tensor dy = contiguous(dy_);
  Tensor dx = empty(x, dy.dtype(), dy.device());
  if (dx.count() == 0) return dx;
  const double work = global_average_pool2d_work(x, item_size(dy.dtype()));
  visit_stored(dy.dtype(), [&]<class T>() {
    if (dy.device() == Device::cuda)
      return run(on_cuda(&GlobalAveragePool2dCuda<T>::backward), dx, dy, s.images, s.pixels, s.channels);
    if constexpr (on_cpu<T>) run(cpu::global_average_pool2d_backward<T>, dx, dy, s, work);
  });
  return dx;
}

}  // namespace strate
