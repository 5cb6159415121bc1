#include "ops/up_sample2d.h"

#include "cuda/ops/pool2d.h"

namespace strate::cuda {
namespace {

// Where output o lies between pixels: (o + 1/2) / factor - 1/2, no further out than the outermost pixels'
// centres; `after` is the weight of the pixel `high`, that of `low` the rest to 1.
template <class T> struct Place {
  int64_t low, high;
  T after;
};

template <class T>
__device__ __forceinline__ Place<T> place_of(int64_t size, int64_t factor, int64_t output) {
  const int64_t rest = 2 * output + 1 - factor;  // in units of 1 / (2 factor)
  if (rest <= 0) return {0, size > 1 ? int64_t(1) : int64_t(0), T(0)};
  const int64_t low = rest / (2 * factor);
  if (low + 1 >= size) return {low, low, T(0)};
  return {low, low + 1, T(rest - low * 2 * factor) / T(2 * factor)};
}

// A thread for V channels of a pixel: of y going forward, of dx going back.
template <int V, class T> __global__ void nearest_kernel(T* y, const T* x, UpSampleSizes s) {
  const int64_t rows = s.height * s.down, columns = s.width * s.across;
  for_each(s.images * rows * columns * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, rows, columns, s.channels);
    const int64_t row = p.image * s.height + p.row / s.down;
    store_pack(y + i * V, load_pack<V>(x + (row * s.width + p.column / s.across) * s.channels + p.channel));
  });
}

template <int V, class T> __global__ void nearest_input_kernel(T* dx, const T* dy, UpSampleSizes s) {
  const int64_t line = s.width * s.across * s.channels;  // of dy
  for_each(s.images * s.height * s.width * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, s.height, s.width, s.channels);
    const T* from =
        dy + (p.image * s.height + p.row) * s.down * line + p.column * s.across * s.channels + p.channel;
    Pack<T, V> sum{};
    for (int64_t a = 0; a < s.down; a++)
      for (int64_t b = 0; b < s.across; b++) {
        const auto d = load_pack<V>(from + a * line + b * s.channels);
#pragma unroll
        for (int k = 0; k < V; k++) sum.at[k] += d.at[k];
      }
    store_pack(dx + i * V, sum);
  });
}

template <int V, class T> __global__ void bilinear_kernel(T* y, const T* x, UpSampleSizes s) {
  const int64_t rows = s.height * s.down, columns = s.width * s.across, line = s.width * s.channels;
  for_each(s.images * rows * columns * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, rows, columns, s.channels);
    const Place<T> down = place_of<T>(s.height, s.down, p.row);
    const Place<T> across = place_of<T>(s.width, s.across, p.column);
    const T* top = x + (p.image * s.height + down.low) * line + p.channel;
    const T* bottom = x + (p.image * s.height + down.high) * line + p.channel;
    const int64_t left = across.low * s.channels, right = across.high * s.channels;
    const auto top_left = load_pack<V>(top + left), top_right = load_pack<V>(top + right);
    const auto bottom_left = load_pack<V>(bottom + left), bottom_right = load_pack<V>(bottom + right);
    Pack<T, V> out;
#pragma unroll
    for (int k = 0; k < V; k++) {
      const T a = (1 - down.after) * top_left.at[k] + down.after * bottom_left.at[k];
      const T b = (1 - down.after) * top_right.at[k] + down.after * bottom_right.at[k];
      out.at[k] = (1 - across.after) * a + across.after * b;
    }
    store_pack(y + i * V, out);
  });
}

// to (size, 3 factor): what output factor (p - 1) + k takes from pixel p; 0 where there is no such output.
template <class T> __global__ void weights_kernel(T* to, int64_t size, int64_t factor) {
  for_each(size * 3 * factor, [&](int64_t i) {
    const int64_t p = i / (3 * factor), output = factor * (p - 1) + i % (3 * factor);
    T weight = 0;
    if (output >= 0 && output < factor * size) {
      const Place<T> place = place_of<T>(size, factor, output);
      if (place.low == p) weight += 1 - place.after;
      if (place.high == p && place.low != p) weight += place.after;
    }
    to[i] = weight;
  });
}

template <int V, class T>
__global__ void bilinear_input_kernel(T* dx, const T* dy, const T* row_weights, const T* column_weights,
                                      UpSampleSizes s) {
  const int64_t line = s.width * s.across * s.channels;  // of dy
  for_each(s.images * s.height * s.width * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, s.height, s.width, s.channels);
    const T *down = row_weights + p.row * 3 * s.down, *across = column_weights + p.column * 3 * s.across;
    const T* image = dy + p.image * s.height * s.down * line + p.channel;
    Pack<T, V> sum{};
    for (int64_t a = 0; a < 3 * s.down; a++) {
      if (down[a] == T(0)) continue;
      const T* row = image + (s.down * (p.row - 1) + a) * line;
      for (int64_t b = 0; b < 3 * s.across; b++) {
        const T weight = down[a] * across[b];
        if (across[b] == T(0)) continue;
        const auto d = load_pack<V>(row + (s.across * (p.column - 1) + b) * s.channels);
#pragma unroll
        for (int k = 0; k < V; k++) sum.at[k] += weight * d.at[k];
      }
    }
    store_pack(dx + i * V, sum);
  });
}

template <class T> void forward(T* y, const T* x, UpSampleSizes s, UpSampleKind kind) {
  with_packs<T>(s.channels % pack_width<T> == 0 && aligned(y, x), [&]<int V>() {
    const Grid grid = grid_of(s.images * s.rows() * s.columns() * (s.channels / V));
    if (kind == UpSampleKind::nearest) launch("up_sample2d_nearest", nearest_kernel<V, T>, grid, y, x, s);
    else launch("up_sample2d_bilinear", bilinear_kernel<V, T>, grid, y, x, s);
  });
}

template <class T> void backward(T* dx, const T* dy, T* weights, UpSampleSizes s, UpSampleKind kind) {
  T *rows = weights, *columns = weights + 3 * s.rows();
  if (kind == UpSampleKind::bilinear) {
    launch("up_sample2d_weights", weights_kernel<T>, grid_of(3 * s.rows()), rows, s.height, s.down);
    launch("up_sample2d_weights", weights_kernel<T>, grid_of(3 * s.columns()), columns, s.width, s.across);
  }
  with_packs<T>(s.channels % pack_width<T> == 0 && aligned(dx, dy), [&]<int V>() {
    const Grid grid = grid_of(s.images * s.height * s.width * (s.channels / V));
    if (kind == UpSampleKind::nearest)
      launch("up_sample2d_nearest_input", nearest_input_kernel<V, T>, grid, dx, dy, s);
    else launch("up_sample2d_bilinear_input", bilinear_input_kernel<V, T>, grid, dx, dy, rows, columns, s);
  });
}

}  // namespace

void fill(UpSample2dCuda<float>& part) { part = {forward<float>, backward<float>}; }
void fill(UpSample2dCuda<double>& part) { part = {forward<double>, backward<double>}; }

}  // namespace strate::cuda
