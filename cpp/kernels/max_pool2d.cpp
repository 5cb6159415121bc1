#include "kernels/max_pool2d.h"

#include "kernels/places.h"
#include "kernels/pool2d_window.h"
#include "simd/shuffle.h"

namespace strate::STRATE_ISA {
namespace {

// The larger value and its place. The earlier one (a) wins a tie, and a NaN wins over any number.
template <class T> struct Winner {
  Vec<T> value;
  Mask<T> place;
};
template <class T> STRATE_INLINE Winner<T> better(Winner<T> a, Winner<T> b) {
  Mask<T> later = ~(b.value <= a.value) & (a.value == a.value);
  return {select<T>(later, b.value, a.value), later ? b.place : a.place};
}
template <class T> STRATE_INLINE Mask<T> place(int64_t p) { return typename VecTypes<T>::Int(p) - Mask<T>{}; }

STRATE_INLINE bool halves(const PoolAxis& axis) {
  return axis.window == 2 && axis.stride == 2 && axis.dilation == 1 && axis.before == 0 &&
         axis.out * 2 <= axis.size;
}

// Rows of y; argmax_end is the end of those that this call writes.
template <class T, class Index> struct Forward {
  const PoolSizes& s;
  const Index* argmax_end;

  // A window of 2x2; `get` reads a register.
  template <class Get> __attribute__((always_inline)) Winner<T> quarter(const T* x, Get get) const {
    const int64_t right = s.channels, below = s.columns.size * s.channels;
    const Winner<T> top = better<T>({get(x), place<T>(0)}, {get(x + right), place<T>(1)});
    const Winner<T> bottom = better<T>({get(x + below), place<T>(2)}, {get(x + below + right), place<T>(3)});
    return better<T>(top, bottom);
  }

  // Windows of 2x2, side by side: no bounds to look at. Where two fit a register, the channels of the second
  // lie behind those of the first: in x, they are one pixel further apart.
  __attribute__((always_inline)) void quarter_row(T* y, Index* argmax, const T* x) const {
    const int64_t channels = s.channels;
    int64_t j = 0;
    if (lanes<T> >= 8 && 2 * channels <= lanes<T>) {
      const First<T> both = first<T>(2 * channels);
      const Mask<T> one = first_lanes<T>(channels);
      for (; j + 2 <= s.columns.out; j += 2, x += 4 * channels, y += 2 * channels) {
        const Winner<T> best = quarter(x, [&](const T* at) __attribute__((always_inline)) {
          return select<T>(one, load(at, both), load(at + channels, both));
        });
        store(y, best.value, both);
        if (argmax) store_places<T, true>(argmax + j * channels, argmax_end, best.place, 2 * channels);
      }
    }
    for (; j < s.columns.out; j++, x += 2 * channels, y += channels)
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        const Winner<T> best = quarter(
            x + c, [&](const T* at) __attribute__((always_inline)) { return load_first<T, partial>(at, f); });
        store_first<T, partial>(y + c, best.value, f);
        if (argmax) store_places<T, partial>(argmax + j * channels + c, argmax_end, best.place, channels - c);
      });
  }

  // `registers` side by side, because each comparison waits for the one before.
  template <int registers, bool partial>
  __attribute__((always_inline)) void window(T* y, Index* argmax, const T* image, const PoolSpan& rows,
                                             const PoolSpan& columns, int64_t c, First<T> f) const {
    Winner<T> best[registers];
#pragma GCC unroll 4
    for (auto& b : best)
      b = {broadcast<T>(-T(__builtin_inf())), place<T>(rows.first * s.columns.window + columns.first)};
    for (int64_t a = rows.first; a < rows.last; a++) {
      const T* from = image + (rows.start + a * s.rows.dilation) * s.columns.size * s.channels + c;
      for (int64_t b = columns.first; b < columns.last; b++) {
        const T* at = from + (columns.start + b * s.columns.dilation) * s.channels;
        const Mask<T> here = place<T>(a * s.columns.window + b);
#pragma GCC unroll 4
        for (int k = 0; k < registers; k++)
          best[k] = better<T>(best[k], {load_first<T, partial>(at + k * lanes<T>, f), here});
      }
    }
#pragma GCC unroll 4
    for (int k = 0; k < registers; k++) {
      store_first<T, partial>(y + c + k * lanes<T>, best[k].value, f);
      if (argmax)
        store_places<T, partial>(argmax + c + k * lanes<T>, argmax_end, best[k].place, s.channels - c);
    }
  }

  __attribute__((always_inline)) void row(T* y, Index* argmax, const T* image, int64_t i) const {
    const PoolSpan rows = pool_span(s.rows, i);
    for (int64_t j = 0; j < s.columns.out; j++, y += s.channels) {
      const PoolSpan columns = pool_span(s.columns, j);
      Index* places = argmax ? argmax + j * s.channels : nullptr;
      int64_t c = 0;
      for (; c + 4 * lanes<T> <= s.channels; c += 4 * lanes<T>)
        window<4, false>(y, places, image, rows, columns, c, First<T>{});
      for (; c + lanes<T> <= s.channels; c += lanes<T>)
        window<1, false>(y, places, image, rows, columns, c, First<T>{});
      if (c < s.channels) window<1, true>(y, places, image, rows, columns, c, first<T>(s.channels - c));
    }
  }
};

template <class T, class Index>
STRATE_INLINE void forward_rows(T* y, Index* argmax, const T* x, const PoolSizes& s, int64_t begin,
                                int64_t end) {
  const int64_t row = s.columns.out * s.channels, image = s.rows.size * s.columns.size * s.channels;
  const Forward<T, Index> forward{s, argmax ? argmax + end * row : nullptr};
  const bool quarters = halves(s.rows) && halves(s.columns);
  for (int64_t r = begin; r < end; r++) {
    const T* from = x + r / s.rows.out * image;
    const int64_t i = r % s.rows.out;
    Index* places = argmax ? argmax + r * row : nullptr;
    if (quarters) forward.quarter_row(y + r * row, places, from + 2 * i * s.columns.size * s.channels);
    else forward.row(y + r * row, places, from, i);
  }
}

template <class T> void forward(T* y, const T* x, const PoolSizes& s, int64_t begin, int64_t end) {
  forward_rows<T, uint8_t>(y, nullptr, x, s, begin, end);
}
template <class T, class Index>
void forward_places(T* y, Index* argmax, const T* x, const PoolSizes& s, int64_t begin, int64_t end) {
  forward_rows(y, argmax, x, s, begin, end);
}

template <class T> STRATE_INLINE void clear(T* p, int64_t n) {
  for (int64_t i = 0; i < n; i++) p[i] = 0;
}

// A row of dx under windows of 2x2, where several pixels share a register: which of the windows' lanes, a run
// of neighbours, each of its lanes belongs to. It repeats after some registers.
template <class T> struct Spread {
  int registers = 1;
  int64_t advance;  // from one repetition to the next, among the windows' lanes
  int64_t base[lanes<T>];
  Mask<T> order[lanes<T>], odd[lanes<T>];  // odd: 1 for the second pixel of a window

  explicit Spread(int64_t channels) {
    while (registers * lanes<T> % (2 * channels) != 0) registers++;
    advance = registers * lanes<T> / 2;
    for (int r = 0; r < registers; r++) {
      int64_t from[lanes<T>], least = advance;
      for (int l = 0; l < lanes<T>; l++) {
        const int64_t at = r * lanes<T> + l;
        from[l] = at / (2 * channels) * channels + at % channels;
        least = from[l] < least ? from[l] : least;
        odd[r][l] = at / channels % 2;
      }
      base[r] = least;
      for (int l = 0; l < lanes<T>; l++) order[r][l] = from[l] - least;
    }
  }
};
// Where lanes are permuted in one instruction or two.
template <class T> STRATE_INLINE bool spreads(int64_t channels) {
  return register_bytes >= 32 && channels < lanes<T>;
}

// Rows of dx; argmax_end is the end of the whole tensor.
template <class T, class Index> struct Backward {
  const PoolSizes& s;
  const Index* argmax_end;

  // Each pixel asks the windows that see it whether it won, so every dx is written by one thread.
  __attribute__((always_inline)) void row(T* dx, const T* dy, const Index* argmax, int64_t p) const {
    const int64_t channels = s.channels, down = p + s.rows.before;
    int64_t last = s.columns.before / s.columns.stride, offset = s.columns.before % s.columns.stride;
    for (int64_t q = 0; q < s.columns.size; q++, dx += channels) {
      bool seen = false;
      for_windows_of(s.rows, down / s.rows.stride, down % s.rows.stride, [&](int64_t i, int64_t a) {
        for_windows_of(s.columns, last, offset, [&](int64_t j, int64_t b) {
          const int64_t at = (i * s.columns.out + j) * channels;
          const Mask<T> here = place<T>(a * s.columns.window + b);
          for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
            Mask<T> won = load_places<T, partial>(argmax + at + c, argmax_end, channels - c) == here;
            Vec<T> share = select<T>(won, load_first<T, partial>(dy + at + c, f), zero<T>());
            store_first<T, partial>(dx + c, seen ? load_first<T, partial>(dx + c, f) + share : share, f);
          });
          seen = true;
        });
      });
      if (!seen) clear(dx, channels);
      if (++offset == s.columns.stride) offset = 0, last++;
    }
  }

  // One row of the pixels under windows of 2x2; `first_place` is that of its even pixels.
  __attribute__((always_inline)) void quarter_row(T* dx, const T* dy, const Index* argmax,
                                                  int64_t first_place) const {
    const int64_t channels = s.channels;
    for (int64_t j = 0; j < s.columns.out; j++, dx += 2 * channels, dy += channels, argmax += channels)
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        Vec<T> d = load_first<T, partial>(dy + c, f);
        Mask<T> where = load_places<T, partial>(argmax + c, argmax_end, channels - c);
        store_first<T, partial>(dx + c, select<T>(where == place<T>(first_place), d, zero<T>()), f);
        store_first<T, partial>(dx + channels + c,
                                select<T>(where == place<T>(first_place + 1), d, zero<T>()), f);
      });
    clear(dx, (s.columns.size - 2 * s.columns.out) * channels);
  }

  // The same for a few channels.
  template <bool partial>
  __attribute__((always_inline)) void spread_register(T* dx, const T* dy, const Index* argmax, int64_t from,
                                                      int64_t to, Mask<T> even_place, Mask<T> order,
                                                      Mask<T> odd) const {
    const First<T> known = first<T>(from < lanes<T> ? from : 0), written = first<T>(to < lanes<T> ? to : 0);
    const bool cut = from < lanes<T>;
    const Vec<T> d = cut ? load(dy, known) : load(dy);
    const Mask<T> where = cut ? load_places<T, true>(argmax, argmax_end, from)
                              : load_places<T, false>(argmax, argmax_end, from);
    const Mask<T> mine = reinterpret_cast<Mask<T>>(permute<T>(reinterpret_cast<Vec<T>>(where), order));
    const Vec<T> share = select<T>(mine == even_place + odd, permute<T>(d, order), zero<T>());
    if (partial && to < lanes<T>) store(dx, share, written);
    else store(dx, share);
  }
  __attribute__((always_inline)) void spread_row(T* dx, const T* dy, const Index* argmax, int64_t first_place,
                                                 const Spread<T>& spread) const {
    const int64_t windows = s.columns.out * s.channels, n = 2 * windows;
    const Mask<T> even_place = place<T>(first_place);
    int r = 0;
    for (int64_t o = 0, cycle = 0; o < n; o += lanes<T>) {
      const int64_t at = cycle + spread.base[r], from = windows - at, to = n - o;
      const Mask<T> order = spread.order[r], odd = spread.odd[r];
      if (from >= lanes<T> && to >= lanes<T>)
        spread_register<false>(dx + o, dy + at, argmax + at, lanes<T>, lanes<T>, even_place, order, odd);
      else spread_register<true>(dx + o, dy + at, argmax + at, from, to, even_place, order, odd);
      if (++r == spread.registers) r = 0, cycle += spread.advance;
    }
    clear(dx + n, (s.columns.size - 2 * s.columns.out) * s.channels);
  }

  // Windows side by side: one row of the pixels under a row of windows, at place `down` of them. Each window
  // is read once.
  __attribute__((always_inline)) void tiled_row(T* dx, const T* dy, const Index* argmax, int64_t down) const {
    const int64_t channels = s.channels;
    for_tiles(dx, s.columns, channels, [&](int64_t o, int64_t pixel, int64_t first_place, int64_t count) {
      const int64_t first_won = down * s.columns.window + first_place;
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        const Vec<T> d = load_first<T, partial>(dy + o * channels + c, f);
        const Mask<T> where = load_places<T, partial>(argmax + o * channels + c, argmax_end, channels - c);
        T* at = dx + pixel * channels + c;
        for (int64_t b = 0; b < count; b++, at += channels)
          store_first<T, partial>(at, select<T>(where == place<T>(first_won + b), d, zero<T>()), f);
      });
    });
  }
};

template <class T, class Index>
void backward(T* dx, const T* dy, const Index* argmax, const PoolSizes& s, int64_t begin, int64_t end) {
  const int64_t row = s.columns.size * s.channels, row_out = s.columns.out * s.channels,
                image = s.rows.out * row_out;
  const Backward<T, Index> backward{s, argmax + s.images * image};
  const bool tiles = side_by_side(s.rows) && side_by_side(s.columns);
  const bool quarters = halves(s.rows) && halves(s.columns), few = quarters && spreads<T>(s.channels);
  const Spread<T> spread(few ? s.channels : lanes<T>);
  for (int64_t r = begin; r < end; r++) {
    const int64_t n = r / s.rows.size, p = r % s.rows.size;
    const int64_t i = (p + s.rows.before) / s.rows.stride, a = (p + s.rows.before) % s.rows.stride;
    const int64_t from = n * image + i * row_out;
    if (!tiles) backward.row(dx + r * row, dy + n * image, argmax + n * image, p);
    else if (i >= s.rows.out || a >= s.rows.window) clear(dx + r * row, row);
    else if (few) backward.spread_row(dx + r * row, dy + from, argmax + from, 2 * a, spread);
    else if (quarters) backward.quarter_row(dx + r * row, dy + from, argmax + from, 2 * a);
    else backward.tiled_row(dx + r * row, dy + from, argmax + from, a);
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
