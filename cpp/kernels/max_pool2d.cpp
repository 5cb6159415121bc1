#include "kernels/max_pool2d.h"

#include "kernels/pool2d_window.h"

namespace strate::STRATE_ISA {
namespace {

template <class T, class Index> struct Places {
  typedef Index Value __attribute__((vector_size(lanes<T> * sizeof(Index)), aligned(sizeof(Index)), may_alias));
};

// Places are kept beside the values as integers of their width, and written as bytes or ints. A partial register is
// written whole where `end` allows it: the next pixel writes over the excess.
template <class T, bool partial, class Index>
STRATE_INLINE void store_places(Index* p, const Index* end, Mask<T> where, int64_t count) {
  using V = typename Places<T, Index>::Value;
  if (!partial || end - p >= lanes<T>) {
    *reinterpret_cast<V*>(p) = __builtin_convertvector(where, V);
    return;
  }
  for (int64_t i = 0; i < count; i++) p[i] = Index(where[i]);
}
template <class T, bool partial, class Index>
STRATE_INLINE Mask<T> load_places(const Index* p, const Index* end, int64_t count) {
  using V = typename Places<T, Index>::Value;
  if (!partial || end - p >= lanes<T>)
    return __builtin_convertvector(*reinterpret_cast<const V*>(p), Mask<T>);
  Mask<T> where{};
  for (int64_t i = 0; i < count; i++) where[i] = p[i];
  return where;
}

// The larger value and its place. The earlier one (a) wins a tie, and a NaN wins over any number.
template <class T> struct Winner {
  Vec<T> value;
  Mask<T> place;
};
template <class T> STRATE_INLINE Winner<T> better(Winner<T> a, Winner<T> b) {
  Mask<T> later = ~(b.value <= a.value) & (a.value == a.value);
  return {select<T>(later, b.value, a.value), later ? b.place : a.place};
}
template <class T> STRATE_INLINE Mask<T> place(int64_t p) {
  return typename VecTypes<T>::Int(p) - Mask<T>{};
}

STRATE_INLINE bool halves(const PoolAxis& axis) {
  return axis.window == 2 && axis.stride == 2 && axis.dilation == 1 && axis.before == 0 && axis.out * 2 <= axis.size;
}

// Windows of 2x2, side by side: no bounds to look at.
template <class T, class Index>
STRATE_INLINE void quarter_row(T* y, Index* argmax, const Index* end, const T* x, const PoolSizes& s) {
  const int64_t channels = s.channels, below = s.columns.size * channels;
  for (int64_t j = 0; j < s.columns.out; j++, x += 2 * channels, y += channels) {
    for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
      const T* at = x + c;
      Winner<T> top = better<T>({load_first<T, partial>(at, f), place<T>(0)},
                                {load_first<T, partial>(at + channels, f), place<T>(1)});
      Winner<T> bottom = better<T>({load_first<T, partial>(at + below, f), place<T>(2)},
                                   {load_first<T, partial>(at + below + channels, f), place<T>(3)});
      Winner<T> best = better<T>(top, bottom);
      store_first<T, partial>(y + c, best.value, f);
      if (argmax) store_places<T, partial>(argmax + j * channels + c, end, best.place, channels - c);
    });
  }
}

template <class T, class Index>
STRATE_INLINE void forward_row(T* y, Index* argmax, const Index* end, const T* image, const PoolSizes& s, int64_t i) {
  const int64_t channels = s.channels;
  const PoolSpan rows = pool_span(s.rows, i);
  for (int64_t j = 0; j < s.columns.out; j++, y += channels) {
    const PoolSpan columns = pool_span(s.columns, j);
    const int64_t first_place = rows.first * s.columns.window + columns.first;
    for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
      Winner<T> best = {broadcast<T>(-T(__builtin_inf())), place<T>(first_place)};
      for (int64_t a = rows.first; a < rows.last; a++) {
        const T* row = image + (rows.start + a * s.rows.dilation) * s.columns.size * channels;
        for (int64_t b = columns.first; b < columns.last; b++) {
          const T* at = row + (columns.start + b * s.columns.dilation) * channels + c;
          best = better<T>(best, {load_first<T, partial>(at, f), place<T>(a * s.columns.window + b)});
        }
      }
      store_first<T, partial>(y + c, best.value, f);
      if (argmax) store_places<T, partial>(argmax + j * channels + c, end, best.place, channels - c);
    });
  }
}

template <class T, class Index>
STRATE_INLINE void forward_rows(T* y, Index* argmax, const T* x, const PoolSizes& s, int64_t begin, int64_t end) {
  const int64_t row = s.columns.out * s.channels, image = s.rows.size * s.columns.size * s.channels;
  const Index* last = argmax ? argmax + end * row : nullptr;
  const bool quarters = halves(s.rows) && halves(s.columns);
  for (int64_t r = begin; r < end; r++) {
    const int64_t n = r / s.rows.out, i = r % s.rows.out;
    Index* places = argmax ? argmax + r * row : nullptr;
    if (quarters) quarter_row(y + r * row, places, last, x + n * image + 2 * i * s.columns.size * s.channels, s);
    else forward_row(y + r * row, places, last, x + n * image, s, i);
  }
}

template <class T> void forward(T* y, const T* x, const PoolSizes& s, int64_t begin, int64_t end) {
  forward_rows<T, uint8_t>(y, nullptr, x, s, begin, end);
}
template <class T, class Index>
void forward_places(T* y, Index* argmax, const T* x, const PoolSizes& s, int64_t begin, int64_t end) {
  forward_rows(y, argmax, x, s, begin, end);
}

// Each pixel asks the windows that see it whether it won, so every dx is written once, by one thread.
template <class T, class Index>
STRATE_INLINE void backward_row(T* dx, const T* dy, const Index* argmax, const Index* end, const PoolSizes& s,
                                int64_t p) {
  const int64_t channels = s.channels, down = p + s.rows.before;
  int64_t last = s.columns.before / s.columns.stride, offset = s.columns.before % s.columns.stride;
  for (int64_t q = 0; q < s.columns.size; q++, dx += channels) {
    for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
      Vec<T> sum = zero<T>();
      for_windows_of(s.rows, down / s.rows.stride, down % s.rows.stride, [&](int64_t i, int64_t a) {
        for_windows_of(s.columns, last, offset, [&](int64_t j, int64_t b) {
          const int64_t at = (i * s.columns.out + j) * channels + c;
          Mask<T> where = load_places<T, partial>(argmax + at, end, channels - c);
          sum += select<T>(where == place<T>(a * s.columns.window + b), load_first<T, partial>(dy + at, f), zero<T>());
        });
      });
      store_first<T, partial>(dx + c, sum, f);
    });
    if (++offset == s.columns.stride) offset = 0, last++;
  }
}

template <class T> STRATE_INLINE void clear(T* p, int64_t n) {
  for (int64_t i = 0; i < n; i++) p[i] = 0;
}

// One row of the pixels under 2x2 windows; `first` is the place of its even pixels. Pixels past the last window get 0.
template <class T, class Index>
STRATE_INLINE void quarter_row_backward(T* dx, const T* dy, const Index* argmax, const Index* end, const PoolSizes& s,
                                        int first_place) {
  const int64_t channels = s.channels;
  for (int64_t j = 0; j < s.columns.out; j++) {
    for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
      Vec<T> d = load_first<T, partial>(dy + j * channels + c, f);
      Mask<T> where = load_places<T, partial>(argmax + j * channels + c, end, channels - c);
      T* at = dx + 2 * j * channels + c;
      store_first<T, partial>(at, select<T>(where == place<T>(first_place), d, zero<T>()), f);
      store_first<T, partial>(at + channels, select<T>(where == place<T>(first_place + 1), d, zero<T>()), f);
    });
  }
  clear(dx + 2 * s.columns.out * channels, (s.columns.size - 2 * s.columns.out) * channels);
}

template <class T, class Index>
void backward(T* dx, const T* dy, const Index* argmax, const PoolSizes& s, int64_t begin, int64_t end) {
  const int64_t row = s.columns.size * s.channels, row_out = s.columns.out * s.channels, image = s.rows.out * row_out;
  const Index* last = argmax + s.images * image;
  const bool quarters = halves(s.rows) && halves(s.columns);
  for (int64_t r = begin; r < end; r++) {
    const int64_t n = r / s.rows.size, p = r % s.rows.size, from = n * image + p / 2 * row_out;
    if (!quarters) backward_row(dx + r * row, dy + n * image, argmax + n * image, last, s, p);
    else if (p >= 2 * s.rows.out) clear(dx + r * row, row);
    else quarter_row_backward(dx + r * row, dy + from, argmax + from, last, s, int(p % 2) * 2);
  }
}

template <class T> void fill_part(MaxPool2dKernels<T>& k) {
  k.forward = forward<T>;
  k.forward_byte = forward_places<T, uint8_t>;
  k.forward_int = forward_places<T, int32_t>;
  k.backward_byte = backward<T, uint8_t>;
  k.backward_int = backward<T, int32_t>;
}

}  // namespace

void fill(MaxPool2dKernels<float>& k) { fill_part(k); }
void fill(MaxPool2dKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
