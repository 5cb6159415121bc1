// The transforms of Winograd's convolution. Each is a small matrix applied along both axes of a tile of
// registers: first down the columns, then along the rows.
#include "kernels/winograd.h"

#include "kernels/winograd_products.h"
#include "kernels/winograd_transforms.h"
#include "simd/activation.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

#define STRATE_LAMBDA __attribute__((always_inline))

// The rows of a transformed tile in the order in which they are computed, two at a time: those that share
// sums. What lies between them then stays in registers. Of six, the first and the last share nothing.
template <int rows> constexpr int row_order[] = {0, 1};
template <> constexpr int row_order<3>[] = {0, 2, 1};
template <> constexpr int row_order<4>[] = {0, 2, 1, 3};
template <> constexpr int row_order<5>[] = {0, 2, 4, 1, 3};
template <> constexpr int row_order<6>[] = {0, 1, 2, 3, 4, 5};
constexpr int rows_together(int rows, int begin) {
  return (rows == 6 && begin == 0) || begin + 1 == rows ? 1 : 2;
}

// Values `step` apart: an address is base + step * {1, 2, 4} at no cost.
struct Steps {
  int64_t one, three, five;  // bytes
  explicit Steps(int64_t bytes) : one(bytes), three(3 * bytes), five(5 * bytes) {}
};
template <class T> STRATE_INLINE T* moved(T* p, int by, const Steps& s) {
  const int64_t b = reinterpret_cast<int64_t>(p);
  const int64_t to = by == 0   ? b
                     : by == 1 ? b + s.one
                     : by == 2 ? b + 2 * s.one
                     : by == 3 ? b + s.three
                     : by == 4 ? b + 4 * s.one
                               : b + s.five;
  return reinterpret_cast<T*>(to);
}

// The columns of a tile that lie in the image; those outside are zero.
struct Seen {
  int64_t begin, end;
};

// out (to x to) = M in (from x from) M^T, in registers: some rows of it at a time.
template <class T, int from, int to, bool edge, int begin = 0, class One, class Row>
STRATE_INLINE void transform_rows(One one, const T* (&in)[from], Steps steps, Seen seen, Row row) {
  constexpr int count = rows_together(to, begin);
#pragma GCC unroll 8
  for (int i = 0; i < from; i++) asm("" : "+r"(in[i]));  // or the compiler keeps thirty-six addresses
  asm("" : "+r"(steps.one), "+r"(steps.three), "+r"(steps.five));
  Vec<T> half[count][from];
#pragma GCC unroll 8
  for (int j = 0; j < from; j++) {
    Vec<T> column[from], all[to];
    if (edge && (j < seen.begin || j >= seen.end)) {
#pragma GCC unroll 8
      for (int i = 0; i < from; i++) column[i] = zero<T>();
    } else {
#pragma GCC unroll 8
      for (int i = 0; i < from; i++) column[i] = load(moved(in[i], j, steps));
    }
    one(column, all);
#pragma GCC unroll 8
    for (int i = 0; i < count; i++) half[i][j] = all[row_order<to>[begin + i]];
  }
#pragma GCC unroll 8
  for (int i = 0; i < count; i++) {
    Vec<T> out[to];
    one(half[i], out);
    row(row_order<to>[begin + i], out);
  }
  if constexpr (begin + count < to)
    transform_rows<T, from, to, edge, begin + count>(one, in, steps, seen, row);
}

// What is seldom used, float64, the baseline and the weights of 5x5 kernels, waits half transformed in
// memory, and edges are copied, for the size of the library.
template <class T> constexpr bool often(int from, int to) {
  return sizeof(T) == 4 && lanes<T> > 4 && from * to != 30;
}

// out (to x to) = M in (from x from) M^T, M the one-dimensional transform `one` from `from` to `to` values.
// The rows of `in` begin at in[i], their values are `step` elements apart; row(i, out) takes the i-th row of
// `out`.
template <class T, int from, int to, class One, class Row>
STRATE_INLINE void transform_tile(One one, const T* (&in)[from], Steps steps, Row row) {
  if constexpr (often<T>(from, to)) return transform_rows<T, from, to, false>(one, in, steps, {}, row);
  Vec<T> half[to][from];
#pragma GCC unroll 1
  for (int j = 0; j < from; j++) {
    Vec<T> column[from], all[to];
    for (int i = 0; i < from; i++) column[i] = load(in[i] + j * (steps.one / int64_t(sizeof(T))));
    one(column, all);
    for (int i = 0; i < to; i++) half[i][j] = all[i];
  }
#pragma GCC unroll 1
  for (int i = 0; i < to; i++) {
    Vec<T> out[to];
    one(half[i], out);
    row(i, out);
  }
}

// The same where all values lie in memory from `in` on: columns `step` apart, rows from * step.
template <class T, int from, int to, class One, class Row>
STRATE_INLINE void transform_points(One one, const T* in, int64_t step, Row row) {
  const T* rows[from];
  for (int i = 0; i < from; i++) rows[i] = in + i * from * step;
  transform_tile<T, from, to>(one, rows, Steps(step * int64_t(sizeof(T))), row);
}

// A row of points, `step` apart.
template <class T, int points> STRATE_INLINE void store_points(T* to, int64_t step, const Vec<T>* out) {
#pragma GCC unroll 8
  for (int j = 0; j < points; j++, to += step) {
    asm("" : "+r"(to));
    store(to, out[j]);
  }
}

// A tile's pixels of one register of channels, zeros outside the image.
template <class T, int side>
__attribute__((noinline)) void copy_pixels(T (&to)[side][side * lanes<T>], const T* const (&row)[side],
                                           int64_t column, int64_t width, int64_t pixel) {
  for (int j = 0; j < side; j++) {
    const bool inside = column + j >= 0 && column + j < width;
#pragma GCC unroll 8
    for (int i = 0; i < side; i++) store(to[i] + j * lanes<T>, inside ? load(row[i] + j * pixel) : zero<T>());
  }
}

// The points of tiles that are read from an image: `side` pixels each way, `f` from tile to tile. The pixels
// that the line of tiles below sees for the first time are asked for: rows are too short to be foreseen.
template <class T, int side, int points, class One>
STRATE_INLINE void points_of_line(One one, T* v, int64_t tile_step, int64_t point_step,
                                  const WinogradLine<const T>& line, int f, const T* zeros) {
  constexpr int seen = side == points ? 2 : 0;  // rows and columns that tiles share with those before
  constexpr bool copies = !often<T>(side, points);
  const int64_t pixel = line.channels;
  const Steps down(points * point_step * int64_t(sizeof(T)));
  const T* row[side];
  int64_t step[side], column = line.column;
  for (int i = 0; i < side; i++) {
    row[i] = line.row[i] ? line.row[i] + column * pixel : zeros;
    step[i] = line.row[i] ? f * pixel : 0;
  }
  for (int64_t t = 0; t < line.tiles; t++, column += f, v += tile_step) {
    const bool inside = column >= 0 && column + side <= line.width;
    for (int64_t c = 0; c < line.channels; c += lanes<T>) {
#pragma GCC unroll 8
      for (int i = seen; i < side; i++)
#pragma GCC unroll 8
        for (int j = seen; j < side; j++) __builtin_prefetch(row[i] + j * pixel + c + line.below);
      const T* from[side];
      for (int i = 0; i < side; i++) from[i] = row[i] + c;
      const auto to = [&](int i, const Vec<T>* out)
                          STRATE_LAMBDA { store_points<T, points>(moved(v + c, i, down), point_step, out); };
      int64_t step = pixel * int64_t(sizeof(T));
      alignas(register_bytes) T copied[copies ? side : 1][side * lanes<T>];
      if (!inside) {
        if constexpr (copies) {
          copy_pixels<T, side>(copied, from, column, line.width, pixel);
          for (int i = 0; i < side; i++) from[i] = copied[i];
          step = register_bytes;
        } else {
          const Seen seen_columns{-column, line.width - column};
          transform_rows<T, side, points, true>(one, from, Steps(step), seen_columns, to);
          continue;
        }
      }
      transform_tile<T, side, points>(one, from, Steps(step), to);
    }
    for (int i = 0; i < side; i++) row[i] += step[i];
  }
}

template <class T, WinogradTile tile>
void input_line(T* v, int64_t tile_step, int64_t point_step, const WinogradLine<const T>& line, int f,
                const T* zeros) {
  constexpr int a = winograd_side(tile);
  points_of_line<T, a, a>([](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, tile>::input(d, o); },
                          v, tile_step, point_step, line, f, zeros);
}

template <class T, WinogradTile tile>
void output_gradient_line(T* m, int64_t tile_step, int64_t point_step, const WinogradLine<const T>& line,
                          const T* zeros) {
  constexpr int f = winograd_outputs(tile);
  points_of_line<T, f, winograd_side(tile)>([](const Vec<T>* d, Vec<T>* o)
                                                STRATE_LAMBDA { Transform<T, tile>::output_gradient(d, o); },
                                            m, tile_step, point_step, line, f, zeros);
}

template <class T, WinogradTile tile, ActivationKind kind>
void output_line(const WinogradLine<T>& line, const T* m, int64_t tile_step, int64_t point_step,
                 const T* bias) {
  constexpr int a = winograd_side(tile), f = winograd_outputs(tile);
  int64_t column = line.column;
  for (int64_t t = 0; t < line.tiles; t++, column += f, m += tile_step)
    for (int64_t c = 0; c < line.channels; c += lanes<T>) {
      const Vec<T> b = bias ? load(bias + c) : zero<T>();
      const int64_t at = column * line.channels + c;
      transform_points<T, a, f>([](const Vec<T>* d, Vec<T>* o)
                                    STRATE_LAMBDA { Transform<T, tile>::output(d, o); },
                                m + c, point_step,
                                [&](int i, const Vec<T>* out) STRATE_LAMBDA {
                                  if (!line.row[i]) return;
                                  T* to = line.row[i] + at;
#pragma GCC unroll 8
                                  for (int j = 0; j < f; j++, to += line.channels) {
                                    __builtin_prefetch(to + line.below, 1);
                                    if (column + j < line.width)
                                      store(to, activate<kind, T>(out[j] + b, T(0)));
                                  }
                                });
    }
}

template <class T, WinogradTile tile>
void weights_tile(T* u, int64_t step, const T* g, int64_t tap_step, int64_t channels) {
  constexpr int a = winograd_side(tile), r = winograd_taps(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_points<T, r, a>(
        [](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, tile>::weights(d, o); }, g + c, tap_step,
        [&](int i, const Vec<T>* out) STRATE_LAMBDA { store_points<T, a>(u + i * a * step + c, step, out); });
}

template <class T, WinogradTile tile>
void weights_gradient_tile(T* dg, int64_t tap_step, const T* du, int64_t step, int64_t channels) {
  constexpr int a = winograd_side(tile), r = winograd_taps(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_points<T, a, r>(
        [](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, tile>::weights_gradient(d, o); }, du + c,
        step,
        [&](int i, const Vec<T>* out)
            STRATE_LAMBDA { store_points<T, r>(dg + i * r * tap_step + c, tap_step, out); });
}

// The choice is made once a call.
template <class F> STRATE_INLINE void with_tile(WinogradTile tile, F&& f) {
  using enum WinogradTile;
  if (tile == two_of_three) f.template operator()<two_of_three>();
  else if (tile == four_of_three) f.template operator()<four_of_three>();
  else f.template operator()<two_of_five>();
}

template <class T>
void input(WinogradTile tile, T* v, int64_t tile_step, int64_t point_step, const WinogradLine<const T>& line,
           const T* zeros) {
  using enum WinogradTile;
  const int f = winograd_outputs(tile);
  if (tile == two_of_three) input_line<T, two_of_three>(v, tile_step, point_step, line, f, zeros);
  else input_line<T, four_of_three>(v, tile_step, point_step, line, f, zeros);  // six points, all alike
}
template <class T>
void output(WinogradTile tile, const WinogradLine<T>& line, const T* m, int64_t tile_step, int64_t point_step,
            const T* bias, ActivationKind kind) {
  with_tile(tile, [&]<WinogradTile t>() STRATE_LAMBDA {
    if (kind == ActivationKind::relu)
      output_line<T, t, ActivationKind::relu>(line, m, tile_step, point_step, bias);
    else output_line<T, t, ActivationKind::identity>(line, m, tile_step, point_step, bias);
  });
}
template <class T>
void output_gradient(WinogradTile tile, T* m, int64_t tile_step, int64_t point_step,
                     const WinogradLine<const T>& line, const T* zeros) {
  with_tile(tile, [&]<WinogradTile t>()
                      STRATE_LAMBDA { output_gradient_line<T, t>(m, tile_step, point_step, line, zeros); });
}
template <class T>
void weights(WinogradTile tile, T* u, int64_t step, const T* g, int64_t tap_step, int64_t channels) {
  with_tile(tile,
            [&]<WinogradTile t>() STRATE_LAMBDA { weights_tile<T, t>(u, step, g, tap_step, channels); });
}
template <class T>
void weights_gradient(WinogradTile tile, T* dg, int64_t tap_step, const T* du, int64_t step,
                      int64_t channels) {
  with_tile(tile, [&]<WinogradTile t>()
                      STRATE_LAMBDA { weights_gradient_tile<T, t>(dg, tap_step, du, step, channels); });
}

template <class T> void fill_all(WinogradKernels<T>& k) {
  k.input = input<T>;
  k.products = products<T>;
  k.output = output<T>;
  k.output_gradient = output_gradient<T>;
  k.weights = weights<T>;
  k.weights_gradient = weights_gradient<T>;
}

}  // namespace

void fill(WinogradKernels<float>& k) { fill_all(k); }
void fill(WinogradKernels<double>& k) { fill_all(k); }

}  // namespace strate::STRATE_ISA
