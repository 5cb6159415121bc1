#include "ops/max_pool2d.h"

#include "cuda/ops/pool2d.h"

namespace strate::cuda {
namespace {

bool places_are_bytes(const PoolSizes& s) { return s.rows.window * s.columns.window <= 256; }

// A thread for each y.
template <class T, class Place> __global__ void forward_kernel(T* y, Place* argmax, const T* x, PoolSizes s) {
  const int64_t count = s.images * s.rows.out * s.columns.out * s.channels;
  for_each(count, [&](int64_t i) {
    const Pixel p = pixel_of(i, s.rows.out, s.columns.out, s.channels);
    const int64_t top = p.row * s.rows.stride - s.rows.before;
    const int64_t left = p.column * s.columns.stride - s.columns.before;
    const T* image = x + p.image * s.rows.size * s.columns.size * s.channels + p.channel;
    Wide<T> best = 0;
    int64_t place = -1;
    for (int64_t a = 0; a < s.rows.window; a++) {
      const int64_t row = top + a * s.rows.dilation;
      if (row < 0 || row >= s.rows.size) continue;
      for (int64_t b = 0; b < s.columns.window; b++) {
        const int64_t column = left + b * s.columns.dilation;
        if (column < 0 || column >= s.columns.size) continue;
        const Wide<T> value = widened(image[(row * s.columns.size + column) * s.channels]);
        if (place < 0 || value > best || (value != value && best == best)) {
          best = value;
          place = a * s.columns.window + b;
        }
      }
    }
    y[i] = narrowed<T>(best);
    if (argmax) argmax[i] = Place(place);
  });
}

// A thread for each dx, which asks the windows that hold it whether it won, in their order: no atomics, and
// every dx is written.
template <class T, class Place>
__global__ void backward_kernel(T* dx, const T* dy, const Place* argmax, PoolSizes s) {
  const int64_t count = s.images * s.rows.size * s.columns.size * s.channels;
  for_each(count, [&](int64_t i) {
    const Pixel p = pixel_of(i, s.rows.size, s.columns.size, s.channels);
    const Reach rows = windows_over(s.rows, p.row), columns = windows_over(s.columns, p.column);
    Wide<T> sum = 0;
    for (int64_t r = rows.first; r <= rows.last; r++) {
      const int64_t a = p.row + s.rows.before - r * s.rows.stride;
      if (a % s.rows.dilation != 0) continue;
      for (int64_t c = columns.first; c <= columns.last; c++) {
        const int64_t b = p.column + s.columns.before - c * s.columns.stride;
        if (b % s.columns.dilation != 0) continue;
        const int64_t place = a / s.rows.dilation * s.columns.window + b / s.columns.dilation;
        const int64_t out = ((p.image * s.rows.out + r) * s.columns.out + c) * s.channels + p.channel;
        if (int64_t(argmax[out]) == place) sum += widened(dy[out]);
      }
    }
    dx[i] = narrowed<T>(sum);
  });
}

template <class T> void forward(T* y, void* argmax, const T* x, PoolSizes s) {
  const Grid grid = grid_of(s.images * s.rows.out * s.columns.out * s.channels);
  if (places_are_bytes(s))
    launch("max_pool2d_forward", forward_kernel<T, uint8_t>, grid, y, static_cast<uint8_t*>(argmax), x, s);
  else launch("max_pool2d_forward", forward_kernel<T, int32_t>, grid, y, static_cast<int32_t*>(argmax), x, s);
}

template <class T> void backward(T* dx, const T* dy, const void* argmax, PoolSizes s) {
  const Grid grid = grid_of(s.images * s.rows.size * s.columns.size * s.channels);
  if (places_are_bytes(s))
    launch("max_pool2d_backward", backward_kernel<T, uint8_t>, grid, dx, dy,
           static_cast<const uint8_t*>(argmax), s);
  else
    launch("max_pool2d_backward", backward_kernel<T, int32_t>, grid, dx, dy,
           static_cast<const int32_t*>(argmax), s);
}

}  // namespace

void fill(MaxPool2dCuda<float>& part) { part = {forward<float>, backward<float>}; }
void fill(MaxPool2dCuda<double>& part) { part = {forward<double>, backward<double>}; }
void fill(MaxPool2dCuda<bfloat16>& part) { part = {forward<bfloat16>, backward<bfloat16>}; }

}  // namespace strate::cuda
