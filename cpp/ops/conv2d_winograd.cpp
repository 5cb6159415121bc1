#include "ops/conv2d_winograd.h"

#include <algorithm>

#include "ops/combine.h"
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
// Points of a block, which one worker takes through all stages in its second-level cache, where the weights
// are as well.
constexpr int64_t block_bytes = 400 << 10;
constexpr int64_t own_bytes = 160 << 10, own_tiles = 128;  // of weights that each worker transforms itself
constexpr int64_t block_unit = 14;                         // tiles: rows of the largest register tile

// Where the parts of the workspace lie, and the tiles of a block. Blocks are small: what a worker transforms
// should still be in its cache when it is multiplied.
template <class T> struct Plan : WinogradPlan {
  int64_t panel, panels;  // columns of a panel of transformed weights
  int64_t weights;        // elements of the transformed weights
  int64_t block;
  // Few tiles and many weights: all tiles go through each stage together, and the products are shared out by
  // point.
  bool in_stages;
  // Few tiles and few weights: each worker transforms the weights for itself, sooner than it would get them
  // from another's cache.
  bool apart;

  explicit Plan(const Winograd& s)
      : WinogradPlan(s, sizeof(T)),
        panel(2 * kernels<T>().gemm.lanes()),
        panels(parts_up(s.filters, panel)),
        weights(s.points() * panels * panel * s.channels) {
    const int64_t bytes = weights * int64_t(sizeof(T)),
                  least = (bytes > 3 * stage_bytes ? 2 : 1) * block_unit;
    block = std::max(least, tiles_in(block_bytes) / block_unit * block_unit);
    in_stages = bytes > stage_bytes && s.tiles() < 8 * block;
    if (!in_stages) block = std::clamp(parts_up(s.tiles(), 8), least, block);
    apart = bytes <= own_bytes && s.tiles() <= own_tiles;
  }
};

// u[point][panel][channel][column], one task for some rows of a panel.
template <class T>
void transform_weights(const Winograd& s, const Plan<T>& plan, T* u, const T* weight, bool flipped,
                       int workers) {
  const auto& k = kernels<T>();
  const int64_t step = plan.panels * s.channels * plan.panel,
                blocks = (s.channels + weight_rows - 1) / weight_rows;
  const int64_t tap = s.channels * s.filters, taps = s.taps();
  parallel_for(plan.panels * blocks, double(plan.weights) / 8, workers, [&](int64_t task, int) {
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

template <class T> struct Forward {
  Winograd size;
  Plan<T> plan;
  WinogradImages<const T> x;
  WinogradImages<T> y;
  const T *bias, *added, *zeros, *u;
  ActivationKind kind;
  T slope;

  // Points of some tiles of a line, at `place` among those of `all`.
  void input(T* v, int64_t all, int64_t place, int64_t line, int64_t from, int64_t tiles) const {
    kernels<T>().winograd.input(size.tile, v + place * plan.x_row, plan.x_row, all * plan.x_row,
                                x.line(plan, line, from, tiles), zeros);
  }
  void output(const T* m, int64_t all, int64_t place, int64_t line, int64_t from, int64_t tiles) const {
    const WinogradLine<T> to = y.line(plan, line, from, tiles);
    const auto& k = kernels<T>();
    k.winograd.output(size.tile, to, m + place * plan.y_row, plan.y_row, all * plan.y_row, bias,
                      added ? ActivationKind::identity : kind);
    const bool pass = takes_exponential(kind) || kind == ActivationKind::leaky_relu;
    if (!added && !pass) return;
    const int64_t numbers = std::min(tiles * plan.f, to.width - to.column) * to.channels;
    for (T* row : to.row) {
      if (!row) continue;
      T* at = row + to.column * to.channels;
      if (added) add_near(at, added + (at - y.images), numbers, kind, slope);
      else k.activation.forward(at, at, numbers, kind, slope);
    }
  }
  // All points, or one, by some panels of the filters.
  void multiply(T* m, const T* v, int64_t all, int64_t point, int64_t points, Span panels) const {
    const int64_t column = panels.begin * plan.panel, step = plan.panels * plan.panel * size.channels;
    WinogradProducts<T> p;
    p.m_step = all * plan.y_row, p.v_step = all * plan.x_row, p.u_step = step;
    p.m = m + point * p.m_step + column;
    p.v = v + point * p.v_step;
    p.u = u + point * step + column * size.channels;
    p.points = points;
    p.tiles = all;
    p.channels = size.channels;
    p.filters = std::min(panels.end * plan.panel, size.filters) - column;
    p.m_row = plan.y_row, p.v_row = plan.x_row;
    kernels<T>().winograd.products(p);
  }

  // Some tiles through all stages.
  void one_block(T* v, int64_t first, int64_t count) const {
    T* m = v + size.points() * count * plan.x_row;
    for_lines(plan, first, count, [&](int64_t line, int64_t from, int64_t tiles, int64_t place) {
      input(v, count, place, line, from, tiles);
    });
    multiply(m, v, count, 0, size.points(), {0, plan.panels});
    for_lines(plan, first, count, [&](int64_t line, int64_t from, int64_t tiles, int64_t place) {
      output(m, count, place, line, from, tiles);
    });
  }

  void by_blocks(T* space, int workers) const {
    const int64_t block = plan.block, all = size.tiles();
    parallel_for(parts_up(all, block), size.work(), workers, [&](int64_t task, int worker) {
      const int64_t first = task * block;
      one_block(space + worker * plan.space(block), first, std::min(block, all - first));
    });
  }

  // Each worker with weights that it has transformed itself.
  void apart(T* space, const T* weight, bool flipped, int workers) const {
    const int64_t room = plan.weights + plan.space(plan.block), all = size.tiles();
    const int64_t parts = std::min<int64_t>(workers, parts_up(all, block_unit));
    parallel_for(parts, size.work(), workers, [&](int64_t part, int worker) {
      T* own = space + worker * room;
      transform_weights(size, plan, own, weight, flipped, 1);
      Forward alone = *this;
      alone.u = own;
      const Span tiles = cut(all, 1, parts, part);
      for (int64_t first = tiles.begin; first < tiles.end; first += plan.block)
        alone.one_block(own + plan.weights, first, std::min(plan.block, tiles.end - first));
    });
  }

  void by_stages(T* space) const {
    const int64_t all = size.tiles(), lines = all / plan.across;
    T *v = space, *m = v + size.points() * all * plan.x_row;
    const double transform = double(all) * double(size.points()) / 4;
    const int64_t pieces = std::min<int64_t>(plan.panels, 4);
    parallel_for(lines, transform * double(size.channels),
                 [&](int64_t i, int) { input(v, all, i * plan.across, i, 0, plan.across); });
    parallel_for(size.points() * pieces, size.work(), [&](int64_t task, int) {
      multiply(m, v, all, task / pieces, 1, cut(plan.panels, 1, pieces, task % pieces));
    });
    parallel_for(lines, transform * double(size.filters),
                 [&](int64_t i, int) { output(m, all, i * plan.across, i, 0, plan.across); });
  }
};

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

template <class T> int64_t winograd_forward_space(const Winograd& s, int workers) {
  const Plan<T> plan(s);
  if (plan.apart) return plan.zeros + workers * (plan.weights + plan.space(plan.block));
  return plan.zeros + plan.weights + plan.space(plan.in_stages ? s.tiles() : workers * plan.block);
}

template <class T>
void winograd_forward(T* y, const T* x, const T* weight, const T* bias, const T* added, T* space,
                      Winograd size, int workers, ActivationKind kind, T slope, bool flipped) {
  const Plan<T> plan(size);
  T *zeros = space, *u = zeros + plan.zeros, *points = u + plan.weights;
  std::fill_n(zeros, plan.zeros, T(0));
  const Forward<T> forward{
      size, plan, winograd_inputs(size, x), winograd_outputs(size, y), bias, added, zeros, u, kind, slope};
  if (plan.apart) return forward.apart(u, weight, flipped, workers);
  transform_weights(size, plan, u, weight, flipped, workers);
  if (plan.in_stages) forward.by_stages(points);
  else forward.by_blocks(points, workers);
}

#define STRATE_INSTANTIATE(T)                                                                      \
  template WinogradTile winograd_tile<T>(const Convolution&);                                      \
  template int64_t winograd_forward_space<T>(const Winograd&, int);                                \
  template void winograd_forward<T>(T*, const T*, const T*, const T*, const T*, T*, Winograd, int, \
                                    ActivationKind, T, bool);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)
#undef STRATE_INSTANTIATE

}  // namespace cpu
}  // namespace strate
