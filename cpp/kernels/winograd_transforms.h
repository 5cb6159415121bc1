// The one-dimensional transforms of Winograd's tiles: small matrices, written out.
#pragma once

#include "kernels/winograd.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {

// In the points 0, 1, -1 (of four) and also 2, -2 (of six), and infinity. V is a register, what goes in and
// comes out are arrays of them.
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

}  // namespace strate::STRATE_ISA
