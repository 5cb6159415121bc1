// Winograd's gradient of the weights: du, a product to each point, is summed over the tiles. Either in
// chunks, as many as the shape says, whose du stays in the cache of the thread that sums it; or, where du is
// too large for that, by all threads together.
#pragma once

#include <algorithm>
#include <bit>

#include "ops/chunks.h"
#include "ops/conv2d_winograd_tiles.h"
#include "ops/scratch.h"

namespace strate::cpu {

template <class T> struct WinogradWeight {
  Winograd size;
  WinogradPlan plan;
  int64_t image;          // tiles of one
  bool whole;             // whether blocks and chunks are whole images
  int64_t chunks, block;  // tiles of a block go through both stages at once
  WinogradImages<const T> x, dz;
  const T* zeros;

  explicit WinogradWeight(const Winograd& s, const T* x_ = nullptr, const T* dz_ = nullptr,
                          const T* zeros_ = nullptr)
      : size(s),
        plan(s, sizeof(T)),
        image(plan.across * plan.down),
        x(winograd_inputs(s, x_)),
        dz(winograd_outputs(s, dz_)),
        zeros(zeros_) {
    constexpr int64_t block_bytes = 640 << 10;  // points of a block, in one worker's second-level cache
    constexpr int64_t image_bytes = 400 << 10;  // the same, beside the weights of the gradient of the input
    constexpr int64_t chunk_bytes = 3 << 18;    // of du, beside the points of a block of tiles
    constexpr int64_t shared_bytes = 12 << 20;  // points of a block of tiles that all threads share
    const int64_t own = std::max<int64_t>(plan.tiles_in(block_bytes), 14), all = s.tiles();
    const bool kept = du() * int64_t(sizeof(T)) <= chunk_bytes && all >= 4 * own;
    chunks = kept ? std::min(most_chunks, int64_t(std::bit_floor(uint64_t(all / (2 * own))))) : 1;
    block = kept ? own : std::clamp<int64_t>(plan.tiles_in(shared_bytes), 32, std::max<int64_t>(all, 32));
    const int64_t images = plan.tiles_in(image_bytes) / std::max<int64_t>(image, 1);
    whole = kept && small(du()) && images > 0 && s.images >= chunks;
    if (whole) block = images * image;
  }

  // Whether so many elements of du, and as many weights of the gradient of the input, leave room in the
  // cache.
  static bool small(int64_t elements) { return elements * int64_t(sizeof(T)) <= 160 << 10; }
  Span chunk(int64_t i) const {
    if (!whole) return cut(size.tiles(), 1, chunks, i);
    const Span images = cut(size.images, 1, chunks, i);
    return {images.begin * image, images.end * image};
  }

  int64_t plane() const { return size.channels * size.filters; }
  int64_t du() const { return size.points() * plane(); }  // elements
  int64_t scratch() const { return plan.space(block); }
  int64_t space(int workers) const {
    return plan.zeros + du() +
           (chunks > 1 ? chunks * du() + scratch_space<T>(scratch(), workers) : scratch());
  }

  // Points of x and of dz of some tiles of a line, at `place` among those of `all`.
  void transform(T* v, int64_t all, int64_t place, int64_t line, int64_t from, int64_t tiles) const {
    T* m = v + plan.points * plan.x_step(all);
    const auto& k = kernels<T>().winograd;
    k.input(size.tile, v + place * plan.x_row, plan.x_row, plan.x_step(all), x.line(plan, line, from, tiles),
            zeros);
    k.output_gradient(size.tile, m + place * plan.y_row, plan.y_row, plan.y_step(all),
                      dz.line(plan, line, from, tiles), zeros);
  }

  // du (+)= the products of a point, for some channels.
  void multiply(T* du, const T* v, int64_t tiles, int64_t point, Span channels, bool accumulate) const {
    const T* m = v + plan.points * plan.x_step(tiles);
    Product<T> p;
    p.c = du + (point * size.channels + channels.begin) * size.filters;
    p.a = v + point * plan.x_step(tiles) + channels.begin;
    p.b = m + point * plan.y_step(tiles);
    p.m = channels.size();
    p.n = p.c_row = size.filters;
    p.a_row = plan.x_row;
    p.b_row = plan.y_row;
    p.walk.length = tiles;
    p.accumulate = accumulate;
    kernels<T>().gemm.columns(p);
  }

  // Some tiles through both stages.
  void one_block(T* du, T* v, int64_t first, int64_t count, bool accumulate) const {
    for_lines(plan, first, count, [&](int64_t line, int64_t from, int64_t n, int64_t place) {
      transform(v, count, place, line, from, n);
    });
    for (int64_t point = 0; point < plan.points; point++)
      multiply(du, v, count, point, {0, size.channels}, accumulate);
  }

  // Each chunk by one thread; their sums in the order of the chunks.
  void by_chunks(T* du_, T* partial, int workers) const {
    T* scratches = partial + chunks * du();
    parallel_for(chunks, size.work(), workers, [&](int64_t chunk, int worker) {
      const Span tiles = this->chunk(chunk);
      T* v = scratch_of(scratches, scratch(), worker);
      for (int64_t first = tiles.begin; first < tiles.end; first += block)
        one_block(partial + chunk * du(), v, first, std::min(block, tiles.end - first), first > tiles.begin);
    });
    add_chunks(du_, partial, du(), chunks, du(), [](int64_t, int64_t) {});
  }

  // Blocks of tiles follow one another: within a block all threads transform tiles, then share out the
  // points, so that every element of du is summed by one thread, in the order of the tiles.
  void together(T* du_, T* v) const {
    const int64_t all = size.tiles(), pieces = parts_up(size.channels, 128);
    for (int64_t first = 0; first < all; first += block) {
      const int64_t tiles = std::min(block, all - first);
      const double share = size.work() * double(tiles) / double(all);
      const int64_t lines = parts_up(first + tiles, plan.across) - first / plan.across;
      parallel_for(lines, share / 4, [&](int64_t i, int) {
        const int64_t begin = (first / plan.across + i) * plan.across;
        const int64_t own = std::max(begin, first), end = std::min(begin + plan.across, first + tiles);
        transform(v, tiles, own - first, begin / plan.across, own - begin, end - own);
      });
      parallel_for(plan.points * pieces, share, [&](int64_t task, int) {
        multiply(du_, v, tiles, task / pieces, cut(size.channels, 1, pieces, task % pieces), first > 0);
      });
    }
  }

  // The taps from du; raises the flag where one is not finite.
  void finish(T* dweight, const T* du_, Flag* nonfinite) const {
    const auto& k = kernels<T>();
    parallel_for(size.channels, double(du()) / 16, [&](int64_t c, int) {
      T* to = dweight + c * size.filters;
      k.winograd.weights_gradient(size.tile, to, plane(), du_ + c * size.filters, plane(), size.filters);
      for (int64_t tap = 0; tap < size.taps(); tap++)
        if (!k.finite.all(to + tap * plane(), size.filters))
          nonfinite->store(true, std::memory_order_relaxed);
    });
  }
};

}  // namespace strate::cpu
