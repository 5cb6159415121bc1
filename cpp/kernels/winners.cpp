#include "kernels/winners.h"

#include "simd/bytes.h"
#include "simd/partial.h"
#include "simd/shuffle.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> using Int = typename VecTypes<T>::Int;

template <class T> constexpr bool two_windows(int64_t filters) {
  return lanes<T> >= 8 && 2 * filters <= lanes<T>;
}
template <class T> int64_t windows(int64_t filters) { return two_windows<T>(filters) ? 2 : 1; }

// Lane i is p[order[i]], one of the first four for each window.
template <class T, int windows> STRATE_INLINE Vec<T> take(const T* p, Mask<T> order) {
  if constexpr (4 * windows <= lanes<T>) {
    return permute<T>(load_low<T, 4 * windows>(p), order);
  } else {
    Vec<T> v{};
    for (int i = 0; i < lanes<T>; i++) v[i] = p[order[i]];
    return v;
  }
}

// lanes<T> of the places, or those before `end`. Place 2 p + q, as winners are counted, becomes 2 q + p:
// columns of pairs lie side by side.
template <class T> STRATE_INLINE Mask<T> turned(const uint8_t* places, const uint8_t* end) {
  Mask<T> place{};
  if (end - places >= lanes<T>) place = load_bytes<T>(places);
  else
    for (int64_t i = 0; i < end - places; i++) place[i] = places[i];
  return (place & 1) * 2 + (place >> 1 & 1);
}

template <class T>
void choose(T* dz, T* order, const T* from, const uint8_t* places, const uint8_t* end, int64_t windows,
            int64_t filters) {
  constexpr int L = lanes<T>;
  const First<T> half = first<T>(L / 2), own = first<T>(filters < L ? filters : L);
  if (two_windows<T>(filters)) {
    const Mask<T> second = Int<T>(4) - Mask<T>{};
    for (int64_t j = 0; j < windows;
         j += 2, dz += L, order += L, from += 2 * filters, places += 2 * filters) {
      const bool both = j + 1 < windows;
      store(dz, load(from, own));
      store(dz + L / 2, both ? load(from + filters, own) : zero<T>(), half);
      store(order, Vec<T>(turned<T>(places, end)));
      store(order + L / 2, Vec<T>(both ? turned<T>(places + filters, end) + second : second), half);
    }
    return;
  }
  for (int64_t j = 0; j < windows; j++, from += filters, places += filters)
    for (int64_t f = 0; f < filters; f += L, dz += L, order += L) {
      store(dz, filters - f < L ? load(from + f, first<T>(filters - f)) : load(from + f));
      store(order, Vec<T>(turned<T>(places + f, end)));
    }
}

template <class T> void interleave(T* to, const T* upper, const T* lower, int64_t n) {
  each_register<T>(n, [&]<bool partial>(int64_t i, First<T> f) {
    const Vec<T> a = load_first<T, partial>(upper + i, f), b = load_first<T, partial>(lower + i, f);
    store<T>(to + 2 * i, zip<T, false>(a, b));
    store<T>(to + 2 * i + lanes<T>, zip<T, true>(a, b));
  });
}

// `rows` rows of taps, whose sums stay in registers while all windows pass by.
template <class T, int windows, int kernel, int rows>
STRATE_INLINE void add_rows(const WinnersWeight<T>& w, int64_t block, int64_t from) {
  T* sums = w.sums + (block * kernel + from) * kernel * lanes<T>;
  const int64_t step = w.blocks * lanes<T>;
  Vec<T> sum[rows][kernel];
#pragma GCC unroll 5
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
    for (int j = 0; j < kernel; j++) sum[i][j] = load(sums + (i * kernel + j) * lanes<T>);
  const T *dz = w.dz + block * lanes<T>, *order = w.order + block * lanes<T>;
  for (int64_t p = 0; p < w.down; p++) {
    const T* pairs = w.pairs + (2 * p + from) * w.pair_row;
    for (int64_t q = 0; q < w.across; q++, dz += step, order += step, pairs += 4 * windows) {
      const Vec<T> d = load(dz);
      const Mask<T> own = Mask<T>(load(order));
#pragma GCC unroll 5
      for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
        for (int j = 0; j < kernel; j++)
          sum[i][j] = fmadd(take<T, windows>(pairs + i * w.pair_row + 2 * j, own), d, sum[i][j]);
    }
  }
#pragma GCC unroll 5
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
    for (int j = 0; j < kernel; j++) store(sums + (i * kernel + j) * lanes<T>, sum[i][j]);
}

template <class T, int windows, int kernel> STRATE_INLINE void weight_of(const WinnersWeight<T>& w) {
  constexpr int rows = register_count == 32 || kernel == 3 ? kernel : 2;
  for (int64_t block = 0; block < w.blocks; block++) {
    int64_t from = 0;
    for (; from + rows <= kernel; from += rows) add_rows<T, windows, kernel, rows>(w, block, from);
    if constexpr (kernel % rows != 0) add_rows<T, windows, kernel, kernel % rows>(w, block, from);
  }
}

template <class T> void weight(const WinnersWeight<T>& w) {
  if constexpr (lanes<T> >= 8) {
    if (w.windows == 2) return w.kernel == 3 ? weight_of<T, 2, 3>(w) : weight_of<T, 2, 5>(w);
  }
  if (w.kernel == 3) weight_of<T, 1, 3>(w);
  else weight_of<T, 1, 5>(w);
}

// All filters of a window add to the pixels that its winners saw: a square of rows of pixels, `count`
// registers of each at a time. `all`: these are whole rows, so that the weights lie at known distances.
template <class T, int rows, int count, bool all>
STRATE_INLINE void add_square(T* dx, const WinnersInput<T>& w, const T* dz, const uint8_t* places,
                              const T* weight, [[maybe_unused]] First<T> last) {
  Vec<T> sum[rows][count];
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int j = 0; j < count; j++) sum[i][j] = zero<T>();
  const int64_t row = all ? count * lanes<T> : w.row, shifted = (rows + 1) * row;
  for (int64_t f = 0; f < w.filters; f++, weight += 2 * shifted) {
    const int64_t place = places[f];
    const T* from = weight + (place & 1) * shifted + (1 - (place >> 1 & 1)) * row;
    const Vec<T> d = broadcast<T>(dz[f]);
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
      for (int j = 0; j < count; j++) sum[i][j] = fmadd(d, load(from + i * row + j * lanes<T>), sum[i][j]);
  }
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int j = 0; j < count; j++) {
      T* to = dx + i * w.dx_row + j * lanes<T>;
      if (j == count - 1) store(to, load(to, last) + sum[i][j], last);
      else store(to, load(to) + sum[i][j]);
    }
}

template <class T, int rows> STRATE_INLINE void input_of(const WinnersInput<T>& w) {
  const int64_t width = rows * w.channels, registers = w.row / lanes<T>;
  const auto for_windows = [&](auto f) __attribute__((always_inline)) {
    for (int64_t p = 0; p < w.down; p++)
      for (int64_t q = 0; q < w.across; q++) {
        const int64_t window = (p * w.across + q) * w.filters;
        f(w.dx + 2 * p * w.dx_row + 2 * q * w.channels, w.dz + window, w.places + window);
      }
  };
  const auto whole = [&]<int count>() __attribute__((always_inline)) {
    const First<T> last = first<T>(width - (count - 1) * lanes<T>);
    for_windows([&](T* dx, const T* dz, const uint8_t* places) __attribute__((always_inline)) {
      add_square<T, rows, count, true>(dx, w, dz, places, w.weight, last);
    });
  };
  if (registers == 1) return whole.template operator()<1>();
  if (registers == 2) return whole.template operator()<2>();
  if constexpr (register_count == 32)
    if (registers == 3) return whole.template operator()<3>();
  for_windows([&](T* dx, const T* dz, const uint8_t* places) __attribute__((always_inline)) {
    for (int64_t c = 0; c < width; c += lanes<T>)
      add_square<T, rows, 1, false>(dx + c, w, dz, places, w.weight + c,
                                    first<T>(width - c < lanes<T> ? width - c : lanes<T>));
  });
}

template <class T> void input(const WinnersInput<T>& w) {
  if (w.kernel == 3) input_of<T, 4>(w);
  else input_of<T, 6>(w);
}

template <class T> void fill_all(WinnersKernels<T>& k) {
  k.windows = windows<T>;
  k.choose = choose<T>;
  k.interleave = interleave<T>;
  k.weight = weight<T>;
  k.input = input<T>;
}

}  // namespace

void fill(WinnersKernels<float>& k) { fill_all(k); }
void fill(WinnersKernels<double>& k) { fill_all(k); }

}  // namespace strate::STRATE_ISA
