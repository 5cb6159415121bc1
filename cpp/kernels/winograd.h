// Winograd's minimal filtering for square kernels of stride 1 (Lavin and Gray, "Fast algorithms for
// convolutional neural networks", CVPR 2016). A tile of f x f outputs of r x r taps needs (f + r - 1)^2
// products per pair of channels instead of r^2 f^2:
//   forward              Y = A^T [ (G g G^T) * (B^T d B) ] A      * : point by point, summed over channels
//   gradient of g        dg = G^T [ (B^T d B) * (A dY A^T) ] G    the exact adjoint, summed over tiles
//   F(2x2, 3x3): 16 points, 2.25 times fewer products; F(4x4, 3x3): 36, 4 times; F(2x2, 5x5): 36, 2.8 times.
// Channels are the vectorised axis and a multiple of the register's lanes. A "point" of a tile is an array of
// channels; `tile_step` and `point_step` lead from a tile's to the next one's, and to its next point.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "kernels/member.h"

namespace strate {

enum class WinogradTile { none, two_of_three, four_of_three, two_of_five };  // outputs along a side, taps
constexpr int winograd_outputs(WinogradTile tile) { return tile == WinogradTile::four_of_three ? 4 : 2; }
constexpr int winograd_taps(WinogradTile tile) { return tile == WinogradTile::two_of_five ? 5 : 3; }
constexpr int winograd_side(WinogradTile tile) { return winograd_outputs(tile) + winograd_taps(tile) - 1; }
constexpr int most_winograd_side = 6;

// Tiles side by side, as one side of the convolution sees them. row[i] is the i-th row of pixels that they
// cover, from the image's first column on, and null above and below the image. Beyond the edges all is zero
// and nothing is written.
template <class P> struct WinogradLine {
  P* row[most_winograd_side];
  int64_t column, width;  // the first tile's first column, and the image's columns
  int64_t channels, tiles;
  int64_t below;  // elements from a pixel to where the next line of tiles has it; 0: there is none
};

// m[point] = v[point] u[point]: tiles x channels by channels x filters.
template <class T> struct WinogradProducts {
  T* m;
  const T *v, *u;  // u[point][panel][channel][column], a panel two registers wide
  int64_t points, tiles, channels, filters;
  int64_t m_step, v_step, u_step;  // from point to point
  int64_t m_row, v_row;            // from tile to tile
};

template <class T> struct WinogradKernels {
  // v = B^T d B. `zeros`: pixels of zeros, as many as a tile's side.
  void (*input)(WinogradTile, T* v, int64_t tile_step, int64_t point_step, const WinogradLine<const T>&,
                const T* zeros);
  void (*products)(const WinogradProducts<T>&);
  // y = A^T m A + bias; bias may be null; relu is applied here, other activations by the caller.
  void (*output)(WinogradTile, const WinogradLine<T>&, const T* m, int64_t tile_step, int64_t point_step,
                 const T* bias, ActivationKind);
  // m = A dy A^T
  void (*output_gradient)(WinogradTile, T* m, int64_t tile_step, int64_t point_step,
                          const WinogradLine<const T>&, const T* zeros);
  // u = G g G^T of the taps of g, `tap_step` apart.
  void (*weights)(WinogradTile, T* u, int64_t step, const T* g, int64_t tap_step, int64_t channels);
  // dg = G^T du G.
  void (*weights_gradient)(WinogradTile, T* dg, int64_t tap_step, const T* du, int64_t step,
                           int64_t channels);

  template <class F> static void list(F&& visit) {
    visit("winograd.input", member<&WinogradKernels::input>);
    visit("winograd.products", member<&WinogradKernels::products>);
    visit("winograd.output", member<&WinogradKernels::output>);
    visit("winograd.output_gradient", member<&WinogradKernels::output_gradient>);
    visit("winograd.weights", member<&WinogradKernels::weights>);
    visit("winograd.weights_gradient", member<&WinogradKernels::weights_gradient>);
  }
};

}  // namespace strate
