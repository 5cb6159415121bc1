#include "ops/conv2d_winograd.h"

#include <algorithm>

#include "ops/conv2d_winograd_tiles.h"

namespace strate {

double Winograd::work() const {
  double products = double(tiles()) * double(points()) * double(channels) * double(filters);
  double transforms = double(tiles()) * double(points()) * double(channels + filters);
  return products / 50 + transforms / 4;
}

namespace cpu {
namespace {

constexpr int64_t weight_rows = 16;       // rows of weights transposed at once
constexpr int64_t most_panel = 32;        // columns: twice the widest register
constexpr int64_t stage_bytes = 1 << 20;  // of weights that a few blocks may each read

// Where the parts of the workspace lie, and the tiles of a block. Blocks are small: what a worker transforms
// should still be in its cache when it is multiplied.
template <class T> struct Plan : WinogradPlan {
  int64_t panel, panels;  // columns of a panel of transformed weights
  int64_t weights;        // elements of the transformed weights
  int64_t block;
  // Few tiles and many weights: all tiles go through each stage together, and the products are shared out by
  // point.
  bool in_stages;

  explicit Plan(const Winograd& s)
      : WinogradPlan(s, sizeof(T)),
        panel(2 * kernels<T>().gemm.lanes()),
        panels(parts_up(s.filters, panel)),
        weights(s.points() * panels * panel * s.channels) {
    const int64_t bytes = weights * int64_t(sizeof(T)), least = bytes > 3 * stage_bytes ? 28 : 14;
    block = std::clamp<int64_t>(tiles_in(winograd_block_bytes), least, 224);
    in_stages = bytes > stage_bytes && s.tiles() < 8 * block;
    if (!in_stages) block = std::clamp(parts_up(s.tiles(), 8), least, block);
  }
};

// u[point][panel][channel][column], one task for some rows of a panel.
template <class T>
void transform_weights(const Winograd& s, const Plan<T>& plan, T* u, const T* weight, bool flipped) {
  const auto& k = kernels<T>();
  const int64_t step = plan.panels * s.channels * plan.panel,
                blocks = (s.channels + weight_rows - 1) / weight_rows;
  const int64_t tap = s.channels * s.filters, taps = s.taps();
  parallel_for(plan.panels * blocks, double(plan.weights) / 8, [&](int64_t task, int) {
    const int64_t p = task / blocks, first = task % blocks * weight_rows;
    const int64_t rows = std::min(weight_rows, s.channels - first);
    const int64_t column = p * plan.panel, width = std::min(plan.panel, s.filters - column);
    alignas(alignment) T turned[25 * weight_rows * most_panel];
    if (flipped)
      for (int64_t t = 0; t < taps; t++)
        k.gemm.transpose(turned + t * rows * width, width,
                         weight + (taps - 1 - t) * tap + column * s.channels + first, s.channels, width,
                         rows);
    for (int64_t r = 0; r < rows; r++) {
      T* to = u + (p * s.channels + first + r) * plan.panel;
      if (flipped) k.winograd.weights(s.tile, to, step, turned + r * width, rows * width, width);
      else k.winograd.weights(s.tile, to, step, weight + (first + r) * s.filters + column, tap, width);
    }
  });
}

// m[point] = v[point] u[point] for some panels of the filters and all given tiles.
template <class T>
void multiply_point(const Winograd& s, const Plan<T>& plan, T* m, const T* v, const T* u, int64_t tiles,
                    int64_t point, int64_t from_panel, int64_t to_panel) {
  const int64_t column = from_panel * plan.panel;
  Product<T> p;
  p.c = m + point * tiles * plan.y_row + column;
  p.a = v + point * tiles * plan.x_row;
  p.b = u + (point * plan.panels + from_panel) * s.channels * plan.panel;
  p.m = tiles;
  p.n = std::min(to_panel * plan.panel, s.filters) - column;
  p.c_row = plan.y_row;
  p.a_row = plan.x_row;
  p.b_row = plan.panel;
  p.b_panel = s.channels * plan.panel;
  p.walk.length = s.channels;
  kernels<T>().gemm.rows(p);
}

template <class T> struct Forward {
  Winograd size;
  Plan<T> plan;
  T* y;
  const T *x, *bias, *zeros;
  const T* u;
  ActivationKind kind;
  T slope;

  void input(T* v, int64_t tiles, int64_t first, int64_t i) const {
    input_points(size, v + i * plan.x_row, tiles * plan.x_row, x, zeros, plan.corner(first + i));
  }
  void output(const T* m, int64_t tiles, int64_t first, int64_t i) const {
    T* pixel[16];
    output_pixels<T>(size, y, nullptr, plan.corner(first + i), pixel);
    const auto& k = kernels<T>();
    k.winograd.output(size.tile, pixel, m + i * plan.y_row, tiles * plan.y_row, size.filters, bias, kind,
                      slope);
    if (!takes_exponential(kind)) return;
    for (int64_t j = 0; j < size.f() * size.f(); j++)
      if (T* at = pixel[j]) k.activation.forward(at, at, size.filters, kind, slope);
  }

  void by_blocks(T* space, int workers) const {
    const int64_t block = plan.block, all = size.tiles(), points = size.points() * block;
    parallel_for(parts_up(all, block), size.work(), workers, [&](int64_t task, int worker) {
      T* v = space + worker * points * (plan.x_row + plan.y_row);
      T* m = v + points * plan.x_row;
      const int64_t first = task * block, tiles = std::min(block, all - first);
      for (int64_t i = 0; i < tiles; i++) input(v, tiles, first, i);
      for (int64_t p = 0; p < size.points(); p++)
        multiply_point(size, plan, m, v, u, tiles, p, 0, plan.panels);
      for (int64_t i = 0; i < tiles; i++) output(m, tiles, first, i);
    });
  }

  void by_stages(T* space) const {
    const int64_t tiles = size.tiles();
    T *v = space, *m = v + size.points() * tiles * plan.x_row;
    const double transform = double(tiles) * double(size.points()) / 4;
    const int64_t pieces = std::min<int64_t>(plan.panels, 4);
    parallel_for(tiles, transform * double(size.channels), [&](int64_t i, int) { input(v, tiles, 0, i); });
    parallel_for(size.points() * pieces, size.work(), [&](int64_t task, int) {
      const int64_t piece = task % pieces;
      multiply_point(size, plan, m, v, u, tiles, task / pieces, plan.panels * piece / pieces,
                     plan.panels * (piece + 1) / pieces);
    });
    parallel_for(tiles, transform * double(size.filters), [&](int64_t i, int) { output(m, tiles, 0, i); });
  }
};

// Multiply-adds that a convolution by these tiles costs in all, those of the transforms weighed by what they
// take beside them: a number of a tile's points counts as 18, and transforming the weights as much as the
// products of 50 tiles.
double cost(const Winograd& s) {
  const double pairs = double(s.channels) * double(s.filters), sums = double(s.channels + s.filters);
  return double(s.points()) * (double(s.tiles()) * (pairs + 18 * sums) + 50 * pairs);
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
  const double direct = double(c.outputs()) * double(c.depth()) * double(c.filters);
  const bool cheaper = sizeof(T) == 4 && cost(winograd_of(c, best)) < direct;  // float64 is for exactness
  return cheaper ? best : WinogradTile::none;
}

template <class T> int64_t winograd_forward_space(const Winograd& s, int workers) {
  const Plan<T> plan(s);
  return plan.zeros + plan.weights + plan.space(plan.in_stages ? s.tiles() : workers * plan.block);
}

template <class T>
void winograd_forward(T* y, const T* x, const T* weight, const T* bias, T* space, Winograd size, int workers,
                      ActivationKind kind, T slope, bool flipped) {
  const Plan<T> plan(size);
  T *zeros = space, *u = zeros + plan.zeros, *points = u + plan.weights;
  std::fill_n(zeros, plan.zeros, T(0));
  transform_weights(size, plan, u, weight, flipped);
  const Forward<T> forward{size, plan, y, x, bias, zeros, u, kind, slope};
  if (plan.in_stages) forward.by_stages(points);
  else forward.by_blocks(points, workers);
}

#define STRATE_INSTANTIATE(T)                                                                               \
  template WinogradTile winograd_tile<T>(const Convolution&);                                               \
  template int64_t winograd_forward_space<T>(const Winograd&, int);                                         \
  template void winograd_forward<T>(T*, const T*, const T*, const T*, T*, Winograd, int, ActivationKind, T, \
                                    bool);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)
#undef STRATE_INSTANTIATE

}  // namespace cpu
}  // namespace strate
