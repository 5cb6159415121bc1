// The forward direction of Winograd's convolution, and the gradient of its input, which is the same with
// other weights: blocks of tiles go through three stages, the transform of x, products, the transform of y.
#pragma once

#include <algorithm>

#include "ops/combine.h"
#include "ops/conv2d_winograd_tiles.h"
#include "ops/scratch.h"

namespace strate::cpu {

// Where the parts of the workspace lie, and the tiles of a block. Blocks are small: what a worker transforms
// should still be in its cache when it is multiplied.
template <class T> struct WinogradForwardPlan : WinogradPlan {
  static constexpr int64_t stage_bytes = 1 << 20;  // of weights that a few blocks may each read
  // Points of a block, which one worker takes through all stages in its second-level cache, where the weights
  // are as well.
  static constexpr int64_t block_bytes = 400 << 10;
  static constexpr int64_t own_bytes = 160 << 10,
                           own_tiles = 128;  // of weights that each worker transforms itself
  static constexpr int64_t block_unit = 14;  // tiles: rows of the largest register tile

  int64_t panel, panels;  // columns of a panel of transformed weights
  int64_t weights;        // elements of the transformed weights
  int64_t block;
  // Few tiles and many weights: all tiles go through each stage together, and the products are shared out by
  // point.
  bool in_stages;
  // Few tiles and few weights: each worker transforms the weights for itself, sooner than it would get them
  // from another's cache.
  bool apart;

  explicit WinogradForwardPlan(const Winograd& s)
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

constexpr int64_t weight_rows = 16;  // transposed at once
constexpr int64_t most_panel = 32;   // columns: twice the widest register

// u[point][panel][channel][column], one task for some rows of a panel.
template <class T>
void transform_winograd_weights(const Winograd& s, const WinogradForwardPlan<T>& plan, T* u, const T* weight,
                                bool flipped, int workers) {
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

template <class T> struct WinogradForward {
  Winograd size;
  WinogradForwardPlan<T> plan;
  WinogradImages<const T> x;
  WinogradImages<T> y;
  const T *zeros, *u;
  const T* bias = nullptr;
  Afterwards<T> after;

  explicit WinogradForward(const Winograd& s, const T* x_ = nullptr, T* y_ = nullptr,
                           const T* zeros_ = nullptr, const T* u_ = nullptr)
      : size(s), plan(s), x(winograd_inputs(s, x_)), y(winograd_outputs(s, y_)), zeros(zeros_), u(u_) {}

  // Points of some tiles of a line, at `place` among those of `all`.
  void input(T* v, int64_t all, int64_t place, int64_t line, int64_t from, int64_t tiles) const {
    kernels<T>().winograd.input(size.tile, v + place * plan.x_row, plan.x_row, plan.x_step(all),
                                x.line(plan, line, from, tiles), zeros);
  }
  void output(const T* m, int64_t all, int64_t place, int64_t line, int64_t from, int64_t tiles) const {
    const WinogradLine<T> to = y.line(plan, line, from, tiles);
    const auto& k = kernels<T>();
    const ActivationKind kind = after.kind;
    k.winograd.output(size.tile, to, m + place * plan.y_row, plan.y_row, plan.y_step(all), bias,
                      after ? ActivationKind::identity : kind);
    const bool pass = takes_exponential(kind) || kind == ActivationKind::leaky_relu;
    if (!after && !pass) return;
    const int64_t numbers = std::min(tiles * plan.f, to.width - to.column) * to.channels;
    for (T* row : to.row) {
      if (!row) continue;
      T* at = row + to.column * to.channels;
      if (after) after.near(y.images, at - y.images, numbers);
      else k.activation.forward(at, at, numbers, kind, after.slope);
    }
  }
  // All points, or one, by some panels of the filters.
  void multiply(T* m, const T* v, int64_t all, int64_t point, int64_t points, Span panels) const {
    const int64_t column = panels.begin * plan.panel, step = plan.panels * plan.panel * size.channels;
    WinogradProducts<T> p;
    p.m_step = plan.y_step(all), p.v_step = plan.x_step(all), p.u_step = step;
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
    T* m = v + size.points() * plan.x_step(count);
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
      one_block(scratch_of(space, plan.space(block), worker), first, std::min(block, all - first));
    });
  }

  // Each worker with weights that it has transformed itself, before its first part.
  void apart(T* space, const T* weight, bool flipped, int workers) const {
    const int64_t room = plan.weights + plan.space(plan.block), all = size.tiles();
    const int64_t parts = std::min<int64_t>(workers, parts_up(all, plan.block_unit));
    T *ready = space, *scratches = space + rounded(workers);  // ready: whether a worker has them
    std::fill_n(ready, workers, T(0));
    parallel_for(parts, size.work(), workers, [&](int64_t part, int worker) {
      T* own = scratch_of(scratches, room, worker);
      if (ready[worker] == 0) transform_winograd_weights(size, plan, own, weight, flipped, 1);
      ready[worker] = 1;
      WinogradForward alone = *this;
      alone.u = own;
      const Span tiles = cut(all, 1, parts, part);
      for (int64_t first = tiles.begin; first < tiles.end; first += plan.block)
        alone.one_block(own + plan.weights, first, std::min(plan.block, tiles.end - first));
    });
  }

  void by_stages(T* space) const {
    const int64_t all = size.tiles(), lines = all / plan.across;
    T *v = space, *m = v + size.points() * plan.x_step(all);
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

}  // namespace strate::cpu
