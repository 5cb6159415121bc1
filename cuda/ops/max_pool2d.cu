#include "ops/max_pool2d.h"

#include "cuda/ops/pool2d.h"

namespace strate::cuda {
namespace {

bool places_are_bytes(const PoolSizes& s) { return s.rows.window * s.columns.window <= 256; }

// A thread for V channels of a pixel of y.
template <int V, class T, class Place>
__global__ void forward_kernel(T* y, Place* argmax, const T* x, PoolSizes s) {
  for_each(s.images * s.rows.out * s.columns.out * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, s.rows.out, s.columns.out, s.channels);
    const Span down = span_of(s.rows, p.row), across = span_of(s.columns, p.column);
    const T* image = x + p.image * s.rows.size * s.columns.size * s.channels + p.channel;
    Pack<Wide<T>, V> best{};
    Pack<Place, V> places{};
    bool first = true;
    for (int64_t a = down.first; a < down.last; a++) {
      const T* row = image + (down.start + a * s.rows.dilation) * s.columns.size * s.channels;
      for (int64_t b = across.first; b < across.last; b++) {
        const auto v = load_pack<V>(row + (across.start + b * s.columns.dilation) * s.channels);
#pragma unroll
        for (int k = 0; k < V; k++)
          if (first || v.at[k] > best.at[k] || (v.at[k] != v.at[k] && best.at[k] == best.at[k])) {
            best.at[k] = v.at[k];
            places.at[k] = Place(a * s.columns.window + b);
          }
        first = false;
      }
    }
    store_pack(y + i * V, best);
    if (argmax) store_pack(argmax + i * V, places);
  });
}

// A thread for V channels of a pixel of dx, which asks the windows that hold it whether it won, in their
// order: no atomics, and every dx is written.
template <int V, class T, class Place>
__global__ void backward_kernel(T* dx, const T* dy, const Place* argmax, PoolSizes s) {
  for_each(s.images * s.rows.size * s.columns.size * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, s.rows.size, s.columns.size, s.channels);
    const Reach rows = windows_over(s.rows, p.row), columns = windows_over(s.columns, p.column);
    Pack<Wide<T>, V> sum{};
    for (int64_t r = rows.first; r <= rows.last; r++) {
      const int64_t a = p.row + s.rows.before - r * s.rows.stride;
      if (a % s.rows.dilation != 0) continue;
      for (int64_t c = columns.first; c <= columns.last; c++) {
        const int64_t b = p.column + s.columns.before - c * s.columns.stride;
        if (b % s.columns.dilation != 0) continue;
        const int64_t place = a / s.rows.dilation * s.columns.window + b / s.columns.dilation;
        const int64_t out = ((p.image * s.rows.out + r) * s.columns.out + c) * s.channels + p.channel;
        const auto won = load_pack<V>(argmax + out);
        const auto d = load_pack<V>(dy + out);
#pragma unroll
        for (int k = 0; k < V; k++)
          if (int64_t(won.at[k]) == place) sum.at[k] += d.at[k];
      }
    }
    store_pack(dx + i * V, sum);
  });
}

// f.operator()<Place>()
template <class F> void with_places(const PoolSizes& s, F&& f) {
  if (places_are_bytes(s)) f.template operator()<uint8_t>();
  else f.template operator()<int32_t>();
}

template <class T> void forward(T* y, void* argmax, const T* x, PoolSizes s) {
  with_packs<T>(s.channels % pack_width<T> == 0 && aligned(y, x, static_cast<const char*>(argmax)),
                [&]<int V>() {
                  const Grid grid = grid_of(s.images * s.rows.out * s.columns.out * (s.channels / V));
                  with_places(s, [&]<class Place>() {
                    launch("max_pool2d_forward", forward_kernel<V, T, Place>, grid, y,
                           static_cast<Place*>(argmax), x, s);
                  });
                });
}

template <class T> void backward(T* dx, const T* dy, const void* argmax, PoolSizes s) {
  with_packs<T>(s.channels % pack_width<T> == 0 && aligned(dx, dy, static_cast<const char*>(argmax)),
                [&]<int V>() {
                  const Grid grid = grid_of(s.images * s.rows.size * s.columns.size * (s.channels / V));
                  with_places(s, [&]<class Place>() {
                    launch("max_pool2d_backward", backward_kernel<V, T, Place>, grid, dx, dy,
                           static_cast<const Place*>(argmax), s);
                  });
                });
}

}  // namespace

void fill(MaxPool2dCuda<float>& part) { part = {forward<float>, backward<float>}; }
void fill(MaxPool2dCuda<double>& part) { part = {forward<double>, backward<double>}; }
void fill(MaxPool2dCuda<bfloat16>& part) { part = {forward<bfloat16>, backward<bfloat16>}; }

}  // namespace strate::cuda
