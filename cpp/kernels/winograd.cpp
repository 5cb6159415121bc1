// The transforms of Winograd's convolution. Each is a small matrix applied along both axes of a tile of
// registers: first down the columns, then along the rows, everything unrolled.
#include "kernels/winograd.h"

#include "simd/activation.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

// The one-dimensional transforms, in the points 0, 1, -1 (of four) and also 2, -2 (of six), and infinity. V
// is a register; `in` and `out` are arrays of them.
template <class T, WinogradTile> struct Transform;

template <class T> struct Transform<T, WinogradTile::two_of_three> {
  using V = Vec<T>;
  STRATE_INLINE void input(const V* d, V* o) {  // B^T
    o[0] = d[0] - d[2];
    o[1] = d[1] + d[2];
    o[2] = d[2] - d[1];
    o[3] = d[1] - d[3];
  }
  STRATE_INLINE void output(const V* m, V* o) {  // A^T
    o[0] = m[0] + m[1] + m[2];
    o[1] = m[1] - m[2] - m[3];
  }
  STRATE_INLINE void output_gradient(const V* y, V* o) {  // A
    o[0] = y[0];
    o[1] = y[0] + y[1];
    o[2] = y[0] - y[1];
    o[3] = -y[1];
  }
  STRATE_INLINE void weights(const V* g, V* o) {  // G
    const V even = T(0.5) * (g[0] + g[2]), odd = T(0.5) * g[1];
    o[0] = g[0];
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = g[2];
  }
  STRATE_INLINE void weights_gradient(const V* u, V* o) {  // G^T
    const V sum = T(0.5) * (u[1] + u[2]);
    o[0] = u[0] + sum;
    o[1] = T(0.5) * (u[1] - u[2]);
    o[2] = sum + u[3];
  }
};

// The inputs of a tile of six do not know how many of them are taps.
template <class T> struct SixPoints {
  using V = Vec<T>;
  STRATE_INLINE void input(const V* d, V* o) {
    const V a = d[4] - T(4) * d[2], b = d[3] - T(4) * d[1], c = d[4] - d[2], e = T(2) * (d[3] - d[1]);
    o[0] = T(4) * d[0] - T(5) * d[2] + d[4];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = T(4) * d[1] - T(5) * d[3] + d[5];
  }
};

template <class T> struct Transform<T, WinogradTile::four_of_three> : SixPoints<T> {
  using V = Vec<T>;
  STRATE_INLINE void output(const V* m, V* o) {
    const V a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
    o[0] = m[0] + a + c;
    o[1] = b + T(2) * e;
    o[2] = a + T(4) * c;
    o[3] = b + T(8) * e + m[5];
  }
  STRATE_INLINE void output_gradient(const V* y, V* o) {
    const V a = y[0] + y[2], b = y[1] + y[3], c = y[0] + T(4) * y[2], e = T(2) * y[1] + T(8) * y[3];
    o[0] = y[0];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = y[3];
  }
  STRATE_INLINE void weights(const V* g, V* o) {
    const V a = T(-1.0 / 6) * (g[0] + g[2]), b = T(-1.0 / 6) * g[1];
    const V c = T(1.0 / 24) * g[0] + T(1.0 / 6) * g[2], e = T(1.0 / 12) * g[1];
    o[0] = T(0.25) * g[0];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = g[2];
  }
  STRATE_INLINE void weights_gradient(const V* u, V* o) {
    const V a = T(-1.0 / 6) * (u[1] + u[2]), b = u[3] + u[4];
    o[0] = T(0.25) * u[0] + a + T(1.0 / 24) * b;
    o[1] = T(-1.0 / 6) * (u[1] - u[2]) + T(1.0 / 12) * (u[3] - u[4]);
    o[2] = a + T(1.0 / 6) * b + u[5];
  }
};

template <class T> struct Transform<T, WinogradTile::two_of_five> : SixPoints<T> {
  using V = Vec<T>;
  STRATE_INLINE void output(const V* m, V* o) {
    o[0] = m[0] + (m[1] + m[2]) + (m[3] + m[4]);
    o[1] = (m[1] - m[2]) + T(2) * (m[3] - m[4]) + m[5];
  }
  STRATE_INLINE void output_gradient(const V* y, V* o) {
    o[0] = y[0];
    o[1] = y[0] + y[1];
    o[2] = y[0] - y[1];
    o[3] = y[0] + T(2) * y[1];
    o[4] = y[0] - T(2) * y[1];
    o[5] = y[1];
  }
  STRATE_INLINE void weights(const V* g, V* o) {
    const V a = T(-1.0 / 6) * (g[0] + g[2] + g[4]), b = T(-1.0 / 6) * (g[1] + g[3]);
    const V c = T(1.0 / 24) * g[0] + T(1.0 / 6) * g[2] + T(2.0 / 3) * g[4],
            e = T(1.0 / 12) * g[1] + T(1.0 / 3) * g[3];
    o[0] = T(0.25) * g[0];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = g[4];
  }
  STRATE_INLINE void weights_gradient(const V* u, V* o) {
    const V a = T(-1.0 / 6) * (u[1] + u[2]), b = u[3] + u[4];
    const V c = T(-1.0 / 6) * (u[1] - u[2]), e = u[3] - u[4];
    o[0] = T(0.25) * u[0] + a + T(1.0 / 24) * b;
    o[1] = c + T(1.0 / 12) * e;
    o[2] = a + T(1.0 / 6) * b;
    o[3] = c + T(1.0 / 3) * e;
    o[4] = a + T(2.0 / 3) * b + u[5];
  }
};

// out (to x to) = M in (from x from) M^T, M the one-dimensional transform `one` from `from` to `to` values.
// get(i, j) reads a register, put(i, j, v) writes one.
template <class T, int from, int to, class One, class Get, class Put>
STRATE_INLINE void transform_tile(One one, Get get, Put put) {
  Vec<T> half[to][from];
#pragma GCC unroll 8
  for (int j = 0; j < from; j++) {
    Vec<T> in[from], out[to];
#pragma GCC unroll 8
    for (int i = 0; i < from; i++) in[i] = get(i, j);
    one(in, out);
#pragma GCC unroll 8
    for (int i = 0; i < to; i++) half[i][j] = out[i];
  }
#pragma GCC unroll 8
  for (int i = 0; i < to; i++) {
    Vec<T> out[to];
    one(half[i], out);
#pragma GCC unroll 8
    for (int j = 0; j < to; j++) put(i, j, out[j]);
  }
}

#define STRATE_LAMBDA __attribute__((always_inline))

template <class T, WinogradTile tile>
void input_tile(T* v, int64_t step, const T* const* pixel, int64_t channels) {
  constexpr int a = winograd_side(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, a, a>([](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, tile>::input(d, o); },
                            [&](int i, int j) STRATE_LAMBDA { return load(pixel[i * a + j] + c); },
                            [&](int i, int j, Vec<T> value)
                                STRATE_LAMBDA { store(v + (i * a + j) * step + c, value); });
}

template <class T, WinogradTile tile, ActivationKind kind>
void output_tile(T* const* pixel, const T* m, int64_t step, int64_t channels, const T* bias, T slope) {
  constexpr int a = winograd_side(tile), f = winograd_outputs(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>) {
    const Vec<T> b = bias ? load(bias + c) : zero<T>();
    transform_tile<T, a, f>([](const Vec<T>* d, Vec<T>* o)
                                STRATE_LAMBDA { Transform<T, tile>::output(d, o); },
                            [&](int i, int j) STRATE_LAMBDA { return load(m + (i * a + j) * step + c); },
                            [&](int i, int j, Vec<T> value) STRATE_LAMBDA {
                              if (T* to = pixel[i * f + j])
                                store(to + c, activate<kind, T>(value + b, slope));
                            });
  }
}

template <class T, WinogradTile tile>
void output_gradient_tile(T* m, int64_t step, const T* const* pixel, int64_t channels) {
  constexpr int a = winograd_side(tile), f = winograd_outputs(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, f, a>(
        [](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, tile>::output_gradient(d, o); },
        [&](int i, int j) STRATE_LAMBDA { return load(pixel[i * f + j] + c); },
        [&](int i, int j, Vec<T> value) STRATE_LAMBDA { store(m + (i * a + j) * step + c, value); });
}

template <class T, WinogradTile tile>
void weights_tile(T* u, int64_t step, const T* g, int64_t tap_step, int64_t channels) {
  constexpr int a = winograd_side(tile), r = winograd_taps(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, r, a>(
        [](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, tile>::weights(d, o); },
        [&](int i, int j) STRATE_LAMBDA { return load(g + (i * r + j) * tap_step + c); },
        [&](int i, int j, Vec<T> value) STRATE_LAMBDA { store(u + (i * a + j) * step + c, value); });
}

template <class T, WinogradTile tile>
void weights_gradient_tile(T* dg, int64_t tap_step, const T* du, int64_t step, int64_t channels) {
  constexpr int a = winograd_side(tile), r = winograd_taps(tile);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, a, r>(
        [](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, tile>::weights_gradient(d, o); },
        [&](int i, int j) STRATE_LAMBDA { return load(du + (i * a + j) * step + c); },
        [&](int i, int j, Vec<T> value) STRATE_LAMBDA { store(dg + (i * r + j) * tap_step + c, value); });
}

// The choice is made once a call.
template <class F> STRATE_INLINE void with_tile(WinogradTile tile, F&& f) {
  using enum WinogradTile;
  if (tile == two_of_three) f.template operator()<two_of_three>();
  else if (tile == four_of_three) f.template operator()<four_of_three>();
  else f.template operator()<two_of_five>();
}

template <class T>
void input(WinogradTile tile, T* v, int64_t step, const T* const* pixel, int64_t channels) {
  // six points are transformed alike
  if (tile == WinogradTile::two_of_three) input_tile<T, WinogradTile::two_of_three>(v, step, pixel, channels);
  else input_tile<T, WinogradTile::four_of_three>(v, step, pixel, channels);
}
template <class T>
void output(WinogradTile tile, T* const* pixel, const T* m, int64_t step, int64_t channels, const T* bias,
            ActivationKind kind, T slope) {
  with_tile(tile, [&]<WinogradTile t>() STRATE_LAMBDA {
    if (kind == ActivationKind::relu)
      output_tile<T, t, ActivationKind::relu>(pixel, m, step, channels, bias, slope);
    else if (kind == ActivationKind::leaky_relu)
      output_tile<T, t, ActivationKind::leaky_relu>(pixel, m, step, channels, bias, slope);
    else output_tile<T, t, ActivationKind::identity>(pixel, m, step, channels, bias, slope);
  });
}
template <class T>
void output_gradient(WinogradTile tile, T* m, int64_t step, const T* const* pixel, int64_t channels) {
  with_tile(tile,
            [&]<WinogradTile t>() STRATE_LAMBDA { output_gradient_tile<T, t>(m, step, pixel, channels); });
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
  k.output = output<T>;
  k.output_gradient = output_gradient<T>;
  k.weights = weights<T>;
  k.weights_gradient = weights_gradient<T>;
}

}  // namespace

void fill(WinogradKernels<float>& k) { fill_all(k); }
void fill(WinogradKernels<double>& k) { fill_all(k); }

}  // namespace strate::STRATE_ISA
