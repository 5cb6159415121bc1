// 3x3 and 5x5 convolution of stride 1 by Winograd's minimal filtering: the three directions, with their
// threads. The transforms are in kernels/winograd.h, with the formulas. Sizes have been checked by the op. It
// is chosen by counting multiply-adds (winograd_tile). Largest error against float64, as max|a - b| / max|b|:
// 2e-6 with 16 points, 4e-5 with 36 (direct 3e-6). The gradient of the input is the forward direction with
// the taps flipped and channels and filters exchanged.
#pragma once

#include <cstdint>

#include "core/activation_kind.h"
#include "core/allocator.h"
#include "kernels/winograd.h"
#include "ops/combine.h"
#include "ops/convolution.h"

namespace strate {

struct Winograd {
  WinogradTile tile = WinogradTile::none;
  int64_t images = 0, height = 0, width = 0, channels = 0;  // of x
  int64_t out_height = 0, out_width = 0, filters = 0;       // of y
  int64_t top = 0, left = 0;                                // padding

  int64_t f() const { return winograd_outputs(tile); }  // along the side of a tile
  int64_t taps() const { return winograd_taps(tile) * winograd_taps(tile); }
  int64_t points() const { return winograd_side(tile) * winograd_side(tile); }
  int64_t tiles_down() const { return (out_height + f() - 1) / f(); }
  int64_t tiles_across() const { return (out_width + f() - 1) / f(); }
  int64_t tiles() const { return images * tiles_down() * tiles_across(); }
  double work() const;  // nanoseconds on one thread, estimated
};

namespace cpu {

// The tile for which such a convolution costs least, or none where computing it directly costs no more.
template <class T> WinogradTile winograd_tile(const Convolution&);
// The same of the gradient of the input. With a stride, dx is a convolution of dz with gaps, which the
// exchanged sizes do not tell.
template <class T> WinogradTile winograd_input_tile(const Convolution&);
Winograd winograd_of(const Convolution&, WinogradTile);

// Elements of workspace that each direction needs, for so many workers.
template <class T> int64_t winograd_forward_space(const Winograd&, int workers);
template <class T> int64_t winograd_weight_space(const Winograd&, int workers);

// y = x * w + bias, and what is done to it afterwards; the weights' memory is (r, r, channels, filters). With
// `flipped`, w is the weight of the convolution whose input's gradient this is: (r, r, filters, channels),
// taps in reverse order.
template <class T>
void winograd_forward(T* y, const T* x, const T* weight, const T* bias, T* space, Winograd size, int workers,
                      Afterwards<T>, bool flipped);

// dweight (r, r, channels, filters) from x and the gradient dz by the outputs; raises the flag where it is
// not finite.
template <class T>
void winograd_weight(T* dweight, const T* x, const T* dz, T* space, Winograd size, int workers,
                     Flag* nonfinite);

// Both gradients in one pass over the images, of each of which dz is read from memory once: where the weights
// of both, and an image, stay in the second-level cache together. The same bits as apart. `added`, as large
// as dx, is added to it, or null.
template <class T> bool winograd_gradients_fit(const Convolution&);
template <class T> int64_t winograd_gradients_space(const Convolution&);
template <class T>
void winograd_gradients(T* dx, T* dweight, const T* dz, const T* x, const T* weight, T* space, Convolution,
                        Afterwards<T>, Flag* nonfinite);

}  // namespace cpu
}  // namespace strate
