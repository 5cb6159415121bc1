#include "kernels/sub_sample2d.h"

#include "kernels/pool2d_window.h"

namespace strate::STRATE_ISA {
namespace {

// The first pixel under row r of y; windows of a row follow one another.
template <class T> STRATE_INLINE const T* pixels_under(const T* x, const SubSampleSizes& s, int64_t r) {
  const int64_t row = r / s.rows() * s.height + r % s.rows() * s.window_height;
  return x + row * s.width * s.channels;
}

template <class T, bool partial>
STRATE_INLINE Vec<T> window_sum(const T* x, const SubSampleSizes& s, First<T> f) {
  Vec<T> sum = zero<T>();
  for (int64_t a = 0; a < s.window_height; a++, x += s.width * s.channels)
    for (int64_t b = 0; b < s.window_width; b++) sum += load_first<T, partial>(x + b * s.channels, f);
  return sum;
}

template <class T>
void forward(T* y, const T* x, const T* weight, const T* bias, const SubSampleSizes& s, int64_t begin,
             int64_t end) {
  const int64_t channels = s.channels, columns = s.columns(), step = s.window_width * channels;
  for (int64_t r = begin; r < end; r++) {
    const T* from = pixels_under(x, s, r);
    T* to = y + r * columns * channels;
    for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
      const Vec<T> w = load_first<T, partial>(weight + c, f), start = load_first<T, partial>(bias + c, f);
      for (int64_t j = 0; j < columns; j++) {
        const Vec<T> sum = window_sum<T, partial>(from + j * step + c, s, f);
        store_first<T, partial>(to + j * channels + c, fmadd(w, sum, start), f);
      }
    });
  }
}

template <class T> STRATE_INLINE void clear(T* p, int64_t n) {
  for (int64_t i = 0; i < n; i++) p[i] = 0;
}

template <class T>
void input(T* dx, const T* dz, const T* weight, const SubSampleSizes& s, int64_t begin, int64_t end) {
  const int64_t channels = s.channels, columns = s.columns(), row = s.width * channels;
  for (int64_t r = begin; r < end; r++) {
    T* to = dx + r * row;
    const int64_t i = r % s.height / s.window_height;
    if (i >= s.rows()) {
      clear(to, row);
      continue;
    }
    const T* from = dz + (r / s.height * s.rows() + i) * columns * channels;
    for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
      const Vec<T> w = load_first<T, partial>(weight + c, f);
      T* at = to + c;
      for (int64_t j = 0; j < columns; j++) {
        const Vec<T> d = w * load_first<T, partial>(from + j * channels + c, f);
        for (int64_t b = 0; b < s.window_width; b++, at += channels) store_first<T, partial>(at, d, f);
      }
    });
    const int64_t done = columns * s.window_width * channels;
    clear(to + done, row - done);
  }
}

template <class T>
void weight(T* dweight, T* dbias, const T* dz, const T* x, const SubSampleSizes& s, int64_t begin,
            int64_t end) {
  const int64_t channels = s.channels, columns = s.columns(), step = s.window_width * channels;
  for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
    Vec<T> products = zero<T>(), sums = zero<T>();
    for (int64_t r = begin; r < end; r++) {
      const T* from = pixels_under(x, s, r) + c;
      const T* at = dz + r * columns * channels + c;
      Vec<T> row_products = zero<T>(), row_sums = zero<T>();
      for (int64_t j = 0; j < columns; j++) {
        const Vec<T> d = load_first<T, partial>(at + j * channels, f);
        row_products = fmadd(d, window_sum<T, partial>(from + j * step, s, f), row_products);
        row_sums += d;
      }
      products += row_products;
      sums += row_sums;
    }
    store_first<T, partial>(dweight + c, products, f);
    store_first<T, partial>(dbias + c, sums, f);
  });
}

template <class T> void fill_part(SubSample2dKernels<T>& k) {
  k.forward = forward<T>;
  k.input = input<T>;
  k.weight = weight<T>;
}

}  // namespace

void fill(SubSample2dKernels<float>& k) { fill_part(k); }
void fill(SubSample2dKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
