// Winograd's minimal filtering for 3x3 kernels of stride 1 (Lavin and Gray, "Fast algorithms for
// convolutional neural networks", CVPR 2016). A tile of f x f outputs needs (f + 2)^2 products per pair of
// channels instead of 9 f^2:
//   forward              Y = A^T [ (G g G^T) * (B^T d B) ] A            * : point by point, summed over
//   channels gradient of g        dg = G^T [ (B^T d B) * (A dY A^T) ] G          the exact adjoint, summed
//   over tiles
// with f = 2 (16 points, 2.25 times fewer products) or f = 4 (36 points, 4 times fewer).
// These are the transforms; the products over channels or tiles are gemm's. Channels are the vectorised axis
// and a multiple of the register's lanes. A "point" is an array of channels; points lie `step` elements
// apart.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "kernels/member.h"

namespace strate {

constexpr int winograd_points(int f) { return (f + 2) * (f + 2); }
constexpr int most_winograd_points = winograd_points(4);

template <class T> struct WinogradKernels {
  // v = B^T d B; pixel[i * (f + 2) + j] is the array of channels of a pixel of the tile.
  void (*input)(int f, T* v, int64_t step, const T* const* pixel, int64_t channels);
  // y = activation(A^T m A + bias) to pixel[i * f + j]; null where the tile hangs over the edge. bias may be
  // null; the activation is any elementwise one.
  void (*output)(int f, T* const* pixel, const T* m, int64_t step, int64_t channels, const T* bias,
                 ActivationKind, T slope);
  // m = A dy A^T; the pixels over the edge point to zeros.
  void (*output_gradient)(int f, T* m, int64_t step, const T* const* pixel, int64_t channels);
  // u = G g G^T of the 9 taps of g, `tap_step` apart.
  void (*weights)(int f, T* u, int64_t step, const T* g, int64_t tap_step, int64_t channels);
  // dg = G^T du G.
  void (*weights_gradient)(int f, T* dg, int64_t tap_step, const T* du, int64_t step, int64_t channels);

  template <class F> static void list(F&& visit) {
    visit("winograd.input", member<&WinogradKernels::input>);
    visit("winograd.output", member<&WinogradKernels::output>);
    visit("winograd.output_gradient", member<&WinogradKernels::output_gradient>);
    visit("winograd.weights", member<&WinogradKernels::weights>);
    visit("winograd.weights_gradient", member<&WinogradKernels::weights_gradient>);
  }
};

}  // namespace strate
