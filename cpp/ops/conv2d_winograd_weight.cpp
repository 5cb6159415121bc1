// Winograd's gradient of the weights: du, a product to each point, is summed over the tiles. Either in
// chunks, as many as the shape says, whose du stays in the cache of the thread that sums it; or, where du is
// too large for that, by all threads together.
#include <algorithm>
#include <bit>

#include "ops/chunks.h"
#include "ops/conv2d_winograd_tiles.h"

namespace strate::cpu {
namespace {

constexpr int64_t block_bytes = 640 << 10;  // points of a block of tiles, in one worker's second-level cache
constexpr int64_t chunk_bytes = 3 << 18;    // of du, beside the points of a block of tiles
constexpr int64_t shared_bytes = 12 << 20;  // points of a block of tiles that all threads share

template <class T> struct Gradient {
  Winograd size;
  WinogradPlan plan;
  int64_t chunks, block;  // tiles of a block go through both stages at once
  WinogradImages<const T> x, dz;
  const T* zeros;

  explicit Gradient(const Winograd& s, const T* x_ = nullptr, const T* dz_ = nullptr,
                    const T* zeros_ = nullptr)
      : size(s), plan(s, sizeof(T)), x(winograd_inputs(s, x_)), dz(winograd_outputs(s, dz_)), zeros(zeros_) {
    const int64_t own = std::max<int64_t>(plan.tiles_in(block_bytes), 14), all = s.tiles();
    const bool kept = du() * int64_t(sizeof(T)) <= chunk_bytes && all >= 4 * own;
    chunks = kept ? std::min(most_chunks, int64_t(std::bit_floor(uint64_t(all / (2 * own))))) : 1;
    block = kept ? own : std::clamp<int64_t>(plan.tiles_in(shared_bytes), 32, std::max<int64_t>(all, 32));
  }

  int64_t plane() const { return size.channels * size.filters; }
  int64_t du() const { return size.points() * plane(); }  // elements
  int64_t scratch() const { return plan.space(block); }
  int64_t space(int workers) const {
    return plan.zeros + du() + (chunks > 1 ? chunks * du() + workers * scratch() : scratch());
  }

  // Points of x and of dz of some tiles of a line, at `place` among those of `all`.
  void transform(T* v, int64_t all, int64_t place, int64_t line, int64_t from, int64_t tiles) const {
    T* m = v + plan.points * all * plan.x_row;
    const auto& k = kernels<T>().winograd;
    k.input(size.tile, v + place * plan.x_row, plan.x_row, all * plan.x_row, x.line(plan, line, from, tiles),
            zeros);
    k.output_gradient(size.tile, m + place * plan.y_row, plan.y_row, all * plan.y_row,
                      dz.line(plan, line, from, tiles), zeros);
  }

  // du (+)= the products of a point, for some channels.
  void multiply(T* du, const T* v, int64_t tiles, int64_t point, Span channels, bool accumulate) const {
    const T* m = v + plan.points * tiles * plan.x_row;
    Product<T> p;
    p.c = du + (point * size.channels + channels.begin) * size.filters;
    p.a = v + point * tiles * plan.x_row + channels.begin;
    p.b = m + point * tiles * plan.y_row;
    p.m = channels.size();
    p.n = p.c_row = size.filters;
    p.a_row = plan.x_row;
    p.b_row = plan.y_row;
    p.walk.length = tiles;
    p.accumulate = accumulate;
    kernels<T>().gemm.columns(p);
  }

  // Each chunk by one thread; their sums in the order of the chunks.
  void by_chunks(T* du_, T* partial, int workers) const {
    T* scratches = partial + chunks * du();
    parallel_for(chunks, size.work(), workers, [&](int64_t chunk, int worker) {
      const Span tiles = cut(size.tiles(), 1, chunks, chunk);
      T* v = scratches + worker * scratch();
      for (int64_t first = tiles.begin; first < tiles.end; first += block) {
        const int64_t count = std::min(block, tiles.end - first);
        for_lines(plan, first, count, [&](int64_t line, int64_t from, int64_t n, int64_t place) {
          transform(v, count, place, line, from, n);
        });
        for (int64_t point = 0; point < plan.points; point++)
          multiply(partial + chunk * du(), v, count, point, {0, size.channels}, first > tiles.begin);
      }
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
};

}  // namespace

template <class T> int64_t winograd_weight_space(const Winograd& s, int workers) {
  return Gradient<T>(s).space(workers);
}

template <class T>
void winograd_weight(T* dweight, const T* x, const T* dz, T* space, Winograd size, int workers,
                     Flag* nonfinite) {
  const Gradient<T> g(size, x, dz, space);
  std::fill_n(space, g.plan.zeros, T(0));
  T *du = space + g.plan.zeros, *rest = du + g.du();
  if (g.chunks > 1) g.by_chunks(du, rest, workers);
  else g.together(du, rest);
  const int64_t plane = g.plane();
  const auto& k = kernels<T>();
  parallel_for(size.channels, double(g.du()) / 16, [&](int64_t c, int) {
    T* to = dweight + c * size.filters;
    k.winograd.weights_gradient(size.tile, to, plane, du + c * size.filters, plane, size.filters);
    for (int64_t tap = 0; tap < size.taps(); tap++)
      if (!k.finite.all(to + tap * plane, size.filters)) nonfinite->store(true, std::memory_order_relaxed);
  });
}

#define STRATE_INSTANTIATE(T)                                      \
  template int64_t winograd_weight_space<T>(const Winograd&, int); \
  template void winograd_weight<T>(T*, const T*, const T*, T*, Winograd, int, Flag*);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
