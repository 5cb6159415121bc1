// Convolution, gradient of the input: as a convolution of dz, or by scattering.
#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/conv2d_winograd.h"
#include "ops/convolution.h"
#include "ops/convolution_groups.h"
#include "ops/convolution_scatter.h"
#include "ops/grid.h"

namespace strate::cpu {
namespace {

// to (kh, kw, filters / groups, channels): the taps in reverse order, channels and filters exchanged in each
// group.
template <class T> void flip_weights(T* to, const T* weight, const Convolution& c) {
  const int64_t gc = c.group_channels(), gf = c.group_filters(), taps = c.taps();
  parallel_for(taps, double(c.weights()) * 0.3, [&](int64_t tap, int) {
    for (int64_t g = 0; g < c.groups; g++)
      kernels<T>().gemm.transpose(to + (taps - 1 - tap) * gf * c.channels + g * gc, c.channels,
                                  weight + tap * gc * c.filters + g * gf, c.filters, gc, gf);
  });
}

// Whether a convolution of dz with flipped and exchanged weights is the better way, by the registers of
// columns that each way multiplies: a convolution also visits the padding around dz, scattering fills its
// registers with the channels of a whole row of taps but adds them to memory more often.
template <class T> bool input_by_convolution(const Convolution& c) {
  if (c.rows.stride != 1 || c.columns.stride != 1) return false;
  const int64_t registers = parts_up(c.group_channels(), kernels<T>().gemm.lanes());
  const double convolved = double(c.rows.size) * double(c.columns.size) * double(c.taps() * registers);
  const double scattered =
      double(c.rows.out) * double(c.columns.out) * double(c.rows.kernel * scattered_registers<T>(c));
  return convolved <= 1.25 * scattered;
}

template <class T> int64_t own_workspace(const Convolution& c) {
  if (const auto tile = winograd_input_tile<T>(c); tile != WinogradTile::none)
    return winograd_forward_space<T>(winograd_of(exchanged(c), tile), c.workers);
  if (input_by_convolution<T>(c))
    return rounded(c.weights()) + convolution_forward_workspace<T>(exchanged(c));
  return scatter_space<T>(c);
}

}  // namespace

template <class T> int64_t convolution_input_workspace(const Convolution& c) {
  return space_with_groups(c, input_groups<T>(c), own_workspace<T>(c), own_workspace<T>);
}

// Groups as they are; of what is done afterwards, the activation alone.
template <class T>
static void input_own(T* dx, const T* dz, const T* weight, const T* bias, T* workspace, const Convolution& c,
                      ActivationKind kind, T slope) {
  if (!input_by_convolution<T>(c)) return scatter(dx, dz, weight, bias, workspace, c, kind, slope);
  flip_weights(workspace, weight, c);
  convolution_forward<T>(dx, dz, workspace, bias, workspace + rounded(c.weights()), exchanged(c),
                         {nullptr, kind, slope});
}

template <class T>
void convolution_input(T* dx, const T* dz, const T* weight, const T* bias, T* workspace, Convolution c,
                       Afterwards<T> after) {
  if (const auto tile = winograd_input_tile<T>(c); tile != WinogradTile::none)
    return winograd_forward<T>(dx, dz, weight, bias, workspace, winograd_of(exchanged(c), tile), c.workers,
                               after, true);
  const auto kind = after ? ActivationKind::identity : after.kind;
  const auto together = [&](const Convolution& wide, const T* wide_weight, T* rest) {
    input_own<T>(dx, dz, wide_weight, bias, rest, wide, kind, after.slope);
  };
  const Numbers<T> from{dz, c.outputs() * c.filters}, to{dx, c.inputs()};
  if (!with_groups_together(c, input_groups<T>(c), from, to, weight, workspace, together))
    input_own<T>(dx, dz, weight, bias, workspace, c, kind, after.slope);
  after.everywhere(dx, to.count);
}

#define STRATE_INSTANTIATE(T)                                          \
  template int64_t convolution_input_workspace<T>(const Convolution&); \
  template void convolution_input<T>(T*, const T*, const T*, const T*, T*, Convolution, Afterwards<T>);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
