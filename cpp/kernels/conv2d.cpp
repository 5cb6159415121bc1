// Convolution's own kernels; see conv2d.h. Channels are the parallel axis, except in conv2d_pairs.h.
#include "kernels/conv2d.h"

#include "kernels/conv2d_depthwise.h"
#include "kernels/conv2d_pairs.h"
#include "simd/activation.h"
#include "simd/partial.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> void fill_zero(T* to, int64_t n) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, zero<T>());
  if (i < n) store(to + i, zero<T>(), first<T>(n - i));
}
template <class T> void copy_row(T* to, const T* from, int64_t n) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, load(from + i));
  if (i < n) store(to + i, load(from + i, first<T>(n - i)), first<T>(n - i));
}

template <class T> void band(const Band<T>& b) {
  const int64_t skipped = b.left < 0 ? -b.left : 0, left = b.left < 0         ? 0
                                                           : b.left < b.width ? b.left
                                                                              : b.width;
  const int64_t available = b.image_width < skipped ? 0 : b.image_width - skipped;
  const int64_t inside = available < b.width - left ? available : b.width - left;
  for (int64_t r = 0; r < b.rows; r++) {
    T* to = b.to + r * b.to_row;
    const int64_t row = b.first_row + r;
    if (row < 0 || row >= b.image_rows) {
      fill_zero(to, b.width);
      continue;
    }
    fill_zero(to, left);
    copy_row(to + left, b.image + row * b.image_row + skipped, inside);
    fill_zero(to + left + inside, b.width - left - inside);
  }
}

template <class T> int64_t pair_filters() { return lanes<T> / 2; }
template <class T> int64_t pair_columns() { return most_tap_columns; }

template <class T> void pair_weights(T* to, const T* weight, int64_t taps, int64_t filters) {
  for (int64_t t = 0; t < taps; t++)
    for (int64_t l = 0; l < lanes<T>; l++)
      to[t * lanes<T> + l] = l / 2 < filters ? weight[t * filters + l / 2] : T(0);
}

template <ActivationKind kind, class T, bool partial>
STRATE_INLINE void finish_register(T* y, const T* bias, T slope, First<T> f) {
  Vec<T> v = load_first<T, partial>(y, f);
  if (bias) v += load_first<T, partial>(bias, f);
  store_first<T, partial>(y, activate<kind, T>(v, slope), f);
}

template <class T>
void finish(T* y, const T* bias, int64_t pixels, int64_t channels, ActivationKind kind, T slope) {
  const First<T> rest = first<T>(channels % lanes<T>);
  with_activation(kind, [&]<ActivationKind k>() {
    for (int64_t i = 0; i < pixels; i++, y += channels) {
      int64_t c = 0;
      for (; c + lanes<T> <= channels; c += lanes<T>)
        finish_register<k, T, false>(y + c, bias ? bias + c : nullptr, slope, rest);
      if (c < channels) finish_register<k, T, true>(y + c, bias ? bias + c : nullptr, slope, rest);
    }
  });
}

template <class T> void fill_all(Conv2dKernels<T>& k) {
  k.finish = finish<T>;
  k.band = band<T>;
  k.depthwise = depthwise<T>;
  k.slides = slides<T>;
  k.depthwise_input = depthwise_input<T>;
  k.depthwise_weight = depthwise_weight<T>;
  k.most_pair_filters = pair_filters<T>;
  k.most_pair_columns = pair_columns<T>;
  k.pair_weights = pair_weights<T>;
  k.pairs = convolve_pairs<T>;
  k.pairs_weight = pairs_weight<T>;
}

}  // namespace

void fill(Conv2dKernels<float>& k) { fill_all(k); }
void fill(Conv2dKernels<double>& k) { fill_all(k); }

}  // namespace strate::STRATE_ISA
