#include "ops/conv2d_winograd.h"

#include <algorithm>

#include "ops/conv2d_winograd_forward.h"

namespace strate {

double Winograd::work() const {
  double products = double(tiles()) * double(points()) * double(channels) * double(filters);
  double transforms = double(tiles()) * double(points()) * double(channels + filters);
  return products / 50 + transforms / 4;
}

namespace cpu {
namespace {

// Multiply-adds that a convolution by these tiles costs in all, those of the transforms weighed by what they
// take beside them: a number of a tile's points counts as 12, and transforming the weights as much as the
// products of 30 tiles. Directly, a multiply-add takes a tenth longer: registers and edges are seldom full.
constexpr double of_direct = 1.1;
double cost(const Winograd& s) {
  const double pairs = double(s.channels) * double(s.filters), sums = double(s.channels + s.filters);
  return double(s.points()) * (double(s.tiles()) * (pairs + 12 * sums) + 30 * pairs);
}

// The cheapest tile for so many taps along both sides, or none.
WinogradTile cheapest_tile(const Convolution& c) {
  using enum WinogradTile;
  if (c.columns.kernel == 5) return two_of_five;
  if (c.columns.kernel != 3) return none;
  return cost(winograd_of(c, two_of_three)) < cost(winograd_of(c, four_of_three)) ? two_of_three
                                                                                  : four_of_three;
}

}  // namespace

Winograd winograd_of(const Convolution& c, WinogradTile tile) {
  return {tile,       c.images,      c.rows.size, c.columns.size, c.channels,
          c.rows.out, c.columns.out, c.filters,   c.rows.before,  c.columns.before};
}

template <class T> WinogradTile winograd_tile(const Convolution& c) {
  auto fits = [](const ConvolutionAxis& a) { return a.stride == 1 && a.dilation == 1; };
  const bool possible = fits(c.rows) && fits(c.columns) && c.rows.kernel == c.columns.kernel &&
                        c.groups == 1 && c.channels % 16 == 0 && c.filters % 16 == 0 && c.outputs() > 0;
  if (!possible || c.choice == ConvolutionChoice::direct) return WinogradTile::none;
  const WinogradTile best = cheapest_tile(c);
  if (best == WinogradTile::none || c.choice == ConvolutionChoice::winograd) return best;
  const double direct = of_direct * double(c.outputs()) * double(c.depth()) * double(c.filters);
  const bool cheaper = sizeof(T) == 4 && cost(winograd_of(c, best)) < direct;  // float64 is for exactness
  return cheaper ? best : WinogradTile::none;
}

template <class T> WinogradTile winograd_input_tile(const Convolution& c) {
  const bool strides = c.rows.stride != 1 || c.columns.stride != 1;
  return strides ? WinogradTile::none : winograd_tile<T>(exchanged(c));
}

template <class T> int64_t winograd_forward_space(const Winograd& s, int workers) {
  const WinogradForwardPlan<T> plan(s);
  if (plan.apart)
    return plan.zeros + rounded(workers) + scratch_space<T>(plan.weights + plan.space(plan.block), workers);
  if (plan.in_stages) return plan.zeros + plan.weights + plan.space(s.tiles());
  return plan.zeros + plan.weights + scratch_space<T>(plan.space(plan.block), workers);
}

template <class T>
void winograd_forward(T* y, const T* x, const T* weight, const T* bias, T* space, Winograd size, int workers,
                      Afterwards<T> after, bool flipped) {
  const WinogradForwardPlan<T> plan(size);
  T *zeros = space, *u = zeros + plan.zeros, *points = u + plan.weights;
  std::fill_n(zeros, plan.zeros, T(0));
  WinogradForward<T> forward(size, x, y, zeros, u);
  forward.bias = bias;
  forward.after = after;
  if (plan.apart) return forward.apart(u, weight, flipped, workers);
  transform_winograd_weights(size, plan, u, weight, flipped, workers);
  if (plan.in_stages) forward.by_stages(points);
  else forward.by_blocks(points, workers);
}

#define STRATE_INSTANTIATE(T)                                       \
  template WinogradTile winograd_tile<T>(const Convolution&);       \
  template WinogradTile winograd_input_tile<T>(const Convolution&); \
  template int64_t winograd_forward_space<T>(const Winograd&, int); \
  template void winograd_forward<T>(T*, const T*, const T*, const T*, T*, Winograd, int, Afterwards<T>, bool);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)
#undef STRATE_INSTANTIATE

}  // namespace cpu
}  // namespace strate
