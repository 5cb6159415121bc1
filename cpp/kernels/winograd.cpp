// The transforms of Winograd's convolution. Each is a small matrix applied along both axes of a tile of
// registers: first down the columns, then along the rows, everything unrolled.
#include "kernels/winograd.h"

#include "simd/activation.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

// The one-dimensional transforms for f outputs of 3 taps, in the points 0, 1, -1 (f = 2) and also 2, -2 (f =
// 4), and infinity. V is a register; `in` and `out` are arrays of them.
template <class T, int f> struct Transform;

template <class T> struct Transform<T, 2> {
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

template <class T> struct Transform<T, 4> {
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

template <class T, int f> void input_tile(T* v, int64_t step, const T* const* pixel, int64_t channels) {
  constexpr int a = f + 2;
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, a, a>([](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, f>::input(d, o); },
                            [&](int i, int j) STRATE_LAMBDA { return load(pixel[i * a + j] + c); },
                            [&](int i, int j, Vec<T> value)
                                STRATE_LAMBDA { store(v + (i * a + j) * step + c, value); });
}

template <class T, int f, ActivationKind kind>
void output_tile(T* const* pixel, const T* m, int64_t step, int64_t channels, const T* bias, T slope) {
  constexpr int a = f + 2;
  for (int64_t c = 0; c < channels; c += lanes<T>) {
    const Vec<T> b = bias ? load(bias + c) : zero<T>();
    transform_tile<T, a, f>([](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, f>::output(d, o); },
                            [&](int i, int j) STRATE_LAMBDA { return load(m + (i * a + j) * step + c); },
                            [&](int i, int j, Vec<T> value) STRATE_LAMBDA {
                              if (T* to = pixel[i * f + j])
                                store(to + c, activate<kind, T>(value + b, slope));
                            });
  }
}

template <class T, int f>
void output_gradient_tile(T* m, int64_t step, const T* const* pixel, int64_t channels) {
  constexpr int a = f + 2;
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, f, a>(
        [](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, f>::output_gradient(d, o); },
        [&](int i, int j) STRATE_LAMBDA { return load(pixel[i * f + j] + c); },
        [&](int i, int j, Vec<T> value) STRATE_LAMBDA { store(m + (i * a + j) * step + c, value); });
}

template <class T, int f>
void weights_tile(T* u, int64_t step, const T* g, int64_t tap_step, int64_t channels) {
  constexpr int a = f + 2;
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, 3, a>([](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, f>::weights(d, o); },
                            [&](int i, int j) STRATE_LAMBDA { return load(g + (i * 3 + j) * tap_step + c); },
                            [&](int i, int j, Vec<T> value)
                                STRATE_LAMBDA { store(u + (i * a + j) * step + c, value); });
}

template <class T, int f>
void weights_gradient_tile(T* dg, int64_t tap_step, const T* du, int64_t step, int64_t channels) {
  constexpr int a = f + 2;
  for (int64_t c = 0; c < channels; c += lanes<T>)
    transform_tile<T, a, 3>(
        [](const Vec<T>* d, Vec<T>* o) STRATE_LAMBDA { Transform<T, f>::weights_gradient(d, o); },
        [&](int i, int j) STRATE_LAMBDA { return load(du + (i * a + j) * step + c); },
        [&](int i, int j, Vec<T> value) STRATE_LAMBDA { store(dg + (i * 3 + j) * tap_step + c, value); });
}

// f is 2 or 4; the choice is made once a call.
template <class T> void input(int f, T* v, int64_t step, const T* const* pixel, int64_t channels) {
  f == 2 ? input_tile<T, 2>(v, step, pixel, channels) : input_tile<T, 4>(v, step, pixel, channels);
}
template <class T>
void output(int f, T* const* pixel, const T* m, int64_t step, int64_t channels, const T* bias,
            ActivationKind kind, T slope) {
  with_activation(kind, [&]<ActivationKind k>() STRATE_LAMBDA {
    f == 2 ? output_tile<T, 2, k>(pixel, m, step, channels, bias, slope)
           : output_tile<T, 4, k>(pixel, m, step, channels, bias, slope);
  });
}
template <class T> void output_gradient(int f, T* m, int64_t step, const T* const* pixel, int64_t channels) {
  f == 2 ? output_gradient_tile<T, 2>(m, step, pixel, channels)
         : output_gradient_tile<T, 4>(m, step, pixel, channels);
}
template <class T> void weights(int f, T* u, int64_t step, const T* g, int64_t tap_step, int64_t channels) {
  f == 2 ? weights_tile<T, 2>(u, step, g, tap_step, channels)
         : weights_tile<T, 4>(u, step, g, tap_step, channels);
}
template <class T>
void weights_gradient(int f, T* dg, int64_t tap_step, const T* du, int64_t step, int64_t channels) {
  f == 2 ? weights_gradient_tile<T, 2>(dg, tap_step, du, step, channels)
         : weights_gradient_tile<T, 4>(dg, tap_step, du, step, channels);
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
