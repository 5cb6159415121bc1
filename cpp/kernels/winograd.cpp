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

template <int n, bool unrolled, class F> STRATE_INLINE void times(F f) {
  if constexpr (unrolled) {
#pragma GCC unroll 8
    for (int i = 0; i < n; i++) f(i);
  } else {
#pragma GCC unroll 1
    for (int i = 0; i < n; i++) f(i);
  }
}

// out (to x to) = M in (from x from) M^T, M the one-dimensional transform `one` from `from` to `to` values.
// column(j, in) reads the j-th column of `in`; row(i, out) takes the i-th row of `out`. What lies between
// stays in registers, or, where it is more than they hold, waits in memory.
template <class T, int from, int to, class One, class Column, class Row>
STRATE_INLINE void transform_tile(One one, Column column, Row row) {
  constexpr bool kept = 5 * to * from <= 3 * register_count;
  Vec<T> half[to][from];
  times<from, kept>([&](int j) STRATE_LAMBDA {
    Vec<T> in[from], out[to];
    column(j, in);
    one(in, out);
#pragma GCC unroll 8
    for (int i = 0; i < to; i++) half[i][j] = out[i];
  });
  times<to, kept>([&](int i) STRATE_LAMBDA {
    Vec<T> in[from], out[to];
#pragma GCC unroll 8
    for (int j = 0; j < from; j++) in[j] = half[i][j];
    one(in, out);
    row(i, out);
  });
}

// The points of tiles that are read from an image: `side` pixels each way, `f` from tile to tile. The pixels
// that the line of tiles below sees for the first time are asked for: rows are too short to be foreseen.
template <class T, int side, int points, class One>
STRATE_INLINE void points_of_line(One one, T* v, int64_t tile_step, int64_t point_step,
                                  const WinogradLine<const T>& line, int f, const T* zeros) {
  constexpr int seen = side == points ? 2 : 0;  // rows and columns that tiles share with those before
  const T* row[side];
  int64_t step[side], column = line.column;
  for (int i = 0; i < side; i++) {
    row[i] = line.row[i] ? line.row[i] + column * line.channels : zeros;
    step[i] = line.row[i] ? f * line.channels : 0;
  }
  for (int64_t t = 0; t < line.tiles; t++, column += f, v += tile_step) {
    for (int64_t c = 0; c < line.channels; c += lanes<T>) {
      T* to = v + c;
      transform_tile<T, side, points>(
          one,
          [&](int j, Vec<T>* in) STRATE_LAMBDA {
            const bool inside = column + j >= 0 && column + j < line.width;
#pragma GCC unroll 8
            for (int i = 0; i < side; i++) in[i] = inside ? load(row[i] + j * line.channels + c) : zero<T>();
            if (j < seen) return;
#pragma GCC unroll 8
            for (int i = seen; i < side; i++) __builtin_prefetch(row[i] + j * line.channels + c + line.below);
          },
          [&](int, const Vec<T>* out) STRATE_LAMBDA {
#pragma GCC unroll 8
            for (int j = 0; j < points; j++, to += point_step) store(to, out[j]);
          });
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
                 const T* bias, T slope) {
  constexpr int a = winograd_side(tile), f = winograd_outputs(tile);
  int64_t column = line.column;
  for (int64_t t = 0; t < line.tiles; t++, column += f, m += tile_step)
    for (int64_t c = 0; c < line.channels; c += lanes<T>) {
      const Vec<T> b = bias ? load(bias + c) : zero<T>();
      const int64_t at = column * line.channels + c;
      transform_tile<T, a, f>([](const Vec<T>* d, Vec<T>* o)
                                  STRATE_LAMBDA { Transform<T, tile>::output(d, o); },
                              [&](int j, Vec<T>* in) STRATE_LAMBDA {
                                const T* from = m + j * point_step + c;
#pragma GCC unroll 8
                                for (int i = 0; i < a; i++, from += a * point_step) in[i] = load(from);
                              },
                              [&](int i, const Vec<T>* out) STRATE_LAMBDA {
                                if (!line.row[i]) return;
                                T* to = line.row[i] + at;
#pragma GCC unroll 8
                                for (int j = 0; j < f; j++, to += line.channels) {
                                  __builtin_prefetch(to + line.below, 1);
                                  if (column + j < line.width)
                                    store(to, activate<kind, T>(out[j] + b, slope));
                                }
                              });
    }
}

template <class T, WinogradTile tile>
void weights_tile(T* u, int64_t step, const T* g, int64_t tap_step, int64_t channels) {
  constexpr int a = winograd_side(tile), r = winograd_taps(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, r, a>([](const Vec<T>* d, Vec<T>* o)
                                STRATE_LAMBDA { Transform<T, tile>::weights(d, o); },
                            [&](int j, Vec<T>* in) STRATE_LAMBDA {
#pragma GCC unroll 8
                              for (int i = 0; i < r; i++) in[i] = load(g + (i * r + j) * tap_step + c);
                            },
                            [&](int i, const Vec<T>* out) STRATE_LAMBDA {
#pragma GCC unroll 8
                              for (int j = 0; j < a; j++) store(u + (i * a + j) * step + c, out[j]);
                            });
}

template <class T, WinogradTile tile>
void weights_gradient_tile(T* dg, int64_t tap_step, const T* du, int64_t step, int64_t channels) {
  constexpr int a = winograd_side(tile), r = winograd_taps(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, a, r>([](const Vec<T>* d, Vec<T>* o)
                                STRATE_LAMBDA { Transform<T, tile>::weights_gradient(d, o); },
                            [&](int j, Vec<T>* in) STRATE_LAMBDA {
#pragma GCC unroll 8
                              for (int i = 0; i < a; i++) in[i] = load(du + (i * a + j) * step + c);
                            },
                            [&](int i, const Vec<T>* out) STRATE_LAMBDA {
#pragma GCC unroll 8
                              for (int j = 0; j < r; j++) store(dg + (i * r + j) * tap_step + c, out[j]);
                            });
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
            const T* bias, ActivationKind kind, T slope) {
  with_tile(tile, [&]<WinogradTile t>() STRATE_LAMBDA {
    if (kind == ActivationKind::relu)
      output_line<T, t, ActivationKind::relu>(line, m, tile_step, point_step, bias, slope);
    else if (kind == ActivationKind::leaky_relu)
      output_line<T, t, ActivationKind::leaky_relu>(line, m, tile_step, point_step, bias, slope);
    else output_line<T, t, ActivationKind::identity>(line, m, tile_step, point_step, bias, slope);
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
