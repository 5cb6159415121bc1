#include "kernels/up_sample2d.h"

#include "kernels/pool2d_window.h"

namespace strate::STRATE_ISA {
namespace {

// Where output o lies between pixels: (o + 1/2) / factor - 1/2, no further out than the outermost pixels'
// centres. It walks along the axis without dividing: `rest` counts in units of 1 / (2 factor).
struct Place {
  int64_t size, factor, low = 0, rest;

  __attribute__((always_inline)) Place(int64_t size_, int64_t factor_, int64_t o)
      : size(size_), factor(factor_), rest(2 * o + 1 - factor_) {
    if (rest < 0) return;
    low = rest / (2 * factor);
    rest %= 2 * factor;
  }
  __attribute__((always_inline)) void next() {
    rest += 2;
    if (rest < 2 * factor) return;
    low++;
    rest -= 2 * factor;
  }
  // The pixel after `low`, and its weight; the weight of `low` is the rest to 1.
  __attribute__((always_inline)) int64_t high() const { return low + 1 < size ? low + 1 : low; }
  template <class T> __attribute__((always_inline)) T weight() const {
    return rest <= 0 || low + 1 >= size ? T(0) : T(rest) / T(2 * factor);
  }
};

template <class T> void nearest(T* y, const T* x, const UpSampleSizes& s, int64_t begin, int64_t end) {
  const int64_t channels = s.channels, row = s.width * channels;
  y += begin * s.columns() * channels;
  for (int64_t r = begin; r < end; r++) {
    const T* from = x + (r / s.rows() * s.height + r % s.rows() / s.down) * row;
    for (int64_t j = 0; j < s.width; j++, from += channels, y += s.across * channels)
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        const Vec<T> v = load_first<T, partial>(from + c, f);
        for (int64_t b = 0; b < s.across; b++) store_first<T, partial>(y + b * channels + c, v, f);
      });
  }
}

template <class T>
void nearest_input(T* dx, const T* dy, const UpSampleSizes& s, int64_t begin, int64_t end) {
  const int64_t channels = s.channels, row = s.columns() * channels;
  dx += begin * s.width * channels;
  for (int64_t r = begin; r < end; r++) {
    const T* from = dy + (r / s.height * s.rows() + r % s.height * s.down) * row;
    for (int64_t j = 0; j < s.width; j++, from += s.across * channels, dx += channels)
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        Vec<T> sum = zero<T>();
        for (int64_t a = 0; a < s.down; a++)
          for (int64_t b = 0; b < s.across; b++)
            sum += load_first<T, partial>(from + a * row + b * channels + c, f);
        store_first<T, partial>(dx + c, sum, f);
      });
  }
}

template <class T> void bilinear(T* y, const T* x, const UpSampleSizes& s, int64_t begin, int64_t end) {
  const int64_t channels = s.channels, row = s.width * channels;
  y += begin * s.columns() * channels;
  for (int64_t r = begin; r < end; r++) {
    const Place down(s.height, s.down, r % s.rows());
    const T* image = x + r / s.rows() * s.height * row;
    const T *top = image + down.low * row, *bottom = image + down.high() * row;
    const Vec<T> lower = broadcast<T>(down.weight<T>()), upper = broadcast<T>(1 - down.weight<T>());
    Place across(s.width, s.across, 0);
    for (int64_t j = 0; j < s.columns(); j++, y += channels, across.next()) {
      const int64_t left = across.low * channels, right = across.high() * channels;
      const Vec<T> after = broadcast<T>(across.weight<T>()), before = broadcast<T>(1 - across.weight<T>());
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        const Vec<T> a = upper * load_first<T, partial>(top + left + c, f) +
                         lower * load_first<T, partial>(bottom + left + c, f);
        const Vec<T> b = upper * load_first<T, partial>(top + right + c, f) +
                         lower * load_first<T, partial>(bottom + right + c, f);
        store_first<T, partial>(y + c, before * a + after * b, f);
      });
    }
  }
}

template <class T> void weights(T* to, int64_t size, int64_t factor) {
  for (int64_t p = 0; p < size; p++)
    for (int64_t k = 0; k < 3 * factor; k++) {
      const int64_t o = factor * (p - 1) + k;
      T weight = 0;
      if (o >= 0 && o < factor * size) {
        const Place place(size, factor, o);
        if (place.low == p) weight += 1 - place.weight<T>();
        if (place.low != place.high() && place.high() == p) weight += place.weight<T>();
      }
      to[p * 3 * factor + k] = weight;
    }
}

// The outputs that take something from a pixel: places first..last - 1 of its weights.
template <class T> struct Takers {
  const T* weight;
  int64_t output;  // of place 0
  int64_t first, last;

  __attribute__((always_inline)) Takers(const T* weights, int64_t p, int64_t factor)
      : weight(weights + p * 3 * factor), output(factor * (p - 1)), first(0), last(3 * factor) {
    while (first < last && weight[first] == 0) first++;
    while (last > first && weight[last - 1] == 0) last--;
  }
};

template <class T>
void bilinear_input(T* dx, const T* dy, const T* row_weights, const T* column_weights, const UpSampleSizes& s,
                    int64_t begin, int64_t end) {
  const int64_t channels = s.channels, row = s.columns() * channels;
  dx += begin * s.width * channels;
  for (int64_t r = begin; r < end; r++) {
    const Takers<T> rows(row_weights, r % s.height, s.down);
    const T* image = dy + (r / s.height * s.rows() + rows.output) * row;
    for (int64_t q = 0; q < s.width; q++, dx += channels) {
      const Takers<T> columns(column_weights, q, s.across);
      const T* from = image + columns.output * channels;
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        Vec<T> sum = zero<T>();
        for (int64_t a = rows.first; a < rows.last; a++) {
          Vec<T> line = zero<T>();
          for (int64_t b = columns.first; b < columns.last; b++)
            line = fmadd(broadcast<T>(columns.weight[b]),
                         load_first<T, partial>(from + a * row + b * channels + c, f), line);
          sum = fmadd(broadcast<T>(rows.weight[a]), line, sum);
        }
        store_first<T, partial>(dx + c, sum, f);
      });
    }
  }
}

template <class T> void fill_part(UpSample2dKernels<T>& k) {
  k.nearest = nearest<T>;
  k.nearest_input = nearest_input<T>;
  k.bilinear = bilinear<T>;
  k.bilinear_input = bilinear_input<T>;
  k.weights = weights<T>;
}

}  // namespace

void fill(UpSample2dKernels<float>& k) { fill_part(k); }
void fill(UpSample2dKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
