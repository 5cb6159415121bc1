#include "ops/conv2d_winograd.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"

namespace strate {

double Winograd::work() const {
  double products = double(tiles()) * double(points()) * double(channels) * double(filters);
  double transforms = double(tiles()) * double(points()) * double(channels + filters);
  return products / 50 + transforms / 4;
}

namespace cpu {
namespace {

constexpr int64_t padding = 16;  // elements behind each row of points, so that rows do not share cache sets
constexpr int64_t weight_rows = 16;         // rows of weights transposed at once
constexpr int64_t most_panel = 32;          // columns: twice the widest register
constexpr int64_t block_bytes = 3 << 19;    // points of a block of tiles that one worker keeps in its cache
constexpr int64_t shared_bytes = 12 << 20;  // points of a block of tiles that all workers share

// Where the parts of the workspace lie.
template <class T> struct Plan {
  int64_t panel;  // columns of a panel of transformed weights
  int64_t panels;
  int64_t x_row, y_row;  // steps between tiles in the points of x and of y
  int64_t zeros;         // elements of a pixel of zeros
  int64_t weights;       // elements of the transformed weights

  explicit Plan(const Winograd& s)
      : panel(2 * kernels<T>().gemm.lanes()),
        panels((s.filters + panel - 1) / panel),
        x_row(s.channels + padding),
        y_row(s.filters + padding),
        zeros((std::max(s.channels, s.filters) + padding - 1) / padding * padding),
        weights(s.points() * panels * panel * s.channels) {}

  int64_t points_bytes(const Winograd& s) const {
    return s.points() * (x_row + y_row) * int64_t(sizeof(T));
  }  // a tile's
};

// Tiles in a block that one worker takes through all three stages. Deep layers take more: a block reads all
// weights.
template <class T> int64_t block_tiles(const Winograd& s, const Plan<T>& plan) {
  int64_t fit = block_bytes / plan.points_bytes(s);
  int64_t least = plan.weights * int64_t(sizeof(T)) > (2 << 20) ? 112 : 28;
  return std::clamp<int64_t>(fit, least, 224);
}

// Few tiles and many channels: all tiles go through each stage together, and the products are shared out by
// point.
template <class T> bool in_stages(const Winograd& s, const Plan<T>& plan) {
  return s.tiles() < 8 * block_tiles(s, plan);
}

template <class T> int64_t weight_block_tiles(const Winograd& s, const Plan<T>& plan) {
  return std::clamp<int64_t>(shared_bytes / plan.points_bytes(s), 32, std::max<int64_t>(s.tiles(), 32));
}

// Number of a tile to its first output pixel.
struct Corner {
  int64_t image, row, column;
};
Corner corner(const Winograd& s, int64_t tile) {
  int64_t across = s.tiles_across(), down = s.tiles_down();
  return {tile / (across * down), tile / across % down * s.f, tile % across * s.f};
}

template <class T>
void input_points(const Winograd& s, T* v, int64_t step, const T* x, const T* zeros, int64_t tile) {
  const Corner at = corner(s, tile);
  const int side = s.f + 2;
  const T* pixel[36];
  for (int i = 0; i < side; i++)
    for (int j = 0; j < side; j++) {
      int64_t row = at.row + i - s.top, column = at.column + j - s.left;
      bool inside = row >= 0 && row < s.height && column >= 0 && column < s.width;
      pixel[i * side + j] =
          inside ? x + ((at.image * s.height + row) * s.width + column) * s.channels : zeros;
    }
  kernels<T>().winograd.input(s.f, v, step, pixel, s.channels);
}

// The output pixels of a tile; `outside` stands for those over the edge.
template <class T, class P> void output_pixels(const Winograd& s, P* y, P* outside, int64_t tile, P** pixel) {
  const Corner at = corner(s, tile);
  for (int i = 0; i < s.f; i++)
    for (int j = 0; j < s.f; j++) {
      int64_t row = at.row + i, column = at.column + j;
      bool inside = row < s.out_height && column < s.out_width;
      pixel[i * s.f + j] =
          inside ? y + ((at.image * s.out_height + row) * s.out_width + column) * s.filters : outside;
    }
}

// u[point][panel][channel][column], one task for some rows of a panel.
template <class T>
void transform_weights(const Winograd& s, const Plan<T>& plan, T* u, const T* weight, bool flipped) {
  const auto& k = kernels<T>();
  const int64_t step = plan.panels * s.channels * plan.panel,
                blocks = (s.channels + weight_rows - 1) / weight_rows;
  const int64_t tap = s.channels * s.filters;
  parallel_for(plan.panels * blocks, double(plan.weights) / 8, [&](int64_t task, int) {
    const int64_t p = task / blocks, first = task % blocks * weight_rows;
    const int64_t rows = std::min(weight_rows, s.channels - first);
    const int64_t column = p * plan.panel, width = std::min(plan.panel, s.filters - column);
    alignas(alignment) T turned[9 * weight_rows * most_panel];
    if (flipped)
      for (int64_t t = 0; t < 9; t++)
        k.gemm.transpose(turned + t * rows * width, width,
                         weight + (8 - t) * tap + column * s.channels + first, s.channels, width, rows);
    for (int64_t r = 0; r < rows; r++) {
      T* to = u + (p * s.channels + first + r) * plan.panel;
      if (flipped) k.winograd.weights(s.f, to, step, turned + r * width, rows * width, width);
      else k.winograd.weights(s.f, to, step, weight + (first + r) * s.filters + column, tap, width);
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
    input_points(size, v + i * plan.x_row, tiles * plan.x_row, x, zeros, first + i);
  }
  void output(const T* m, int64_t tiles, int64_t first, int64_t i) const {
    T* pixel[16];
    output_pixels<T>(size, y, static_cast<T*>(nullptr), first + i, pixel);
    kernels<T>().winograd.output(size.f, pixel, m + i * plan.y_row, tiles * plan.y_row, size.filters, bias,
                                 kind, slope);
  }

  void by_blocks(T* space, int workers) const {
    const int64_t block = block_tiles(size, plan), all = size.tiles();
    const int64_t points = size.points() * block;
    parallel_for((all + block - 1) / block, size.work(), workers, [&](int64_t task, int worker) {
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

// Multiply-adds that a tile of f costs in all, those of the transforms weighed by what they take beside them:
// a number of a tile's points counts as 24, and transforming the weights as much as the products of 45 tiles.
double cost(const Winograd& s) {
  const double pairs = double(s.channels) * double(s.filters), sums = double(s.channels + s.filters);
  return double(s.points()) * (double(s.tiles()) * (pairs + 24 * sums) + 45 * pairs);
}

}  // namespace

Winograd winograd_of(const Convolution& c, int f) {
  return {f,          c.images,      c.rows.size, c.columns.size, c.channels,
          c.rows.out, c.columns.out, c.filters,   c.rows.before,  c.columns.before};
}

template <class T> int winograd_tile(const Convolution& c) {
  auto fits = [](const ConvolutionAxis& a) { return a.kernel == 3 && a.stride == 1 && a.dilation == 1; };
  const bool possible =
      fits(c.rows) && fits(c.columns) && c.groups == 1 && c.channels % 16 == 0 && c.filters % 16 == 0;
  if (!possible || c.outputs() == 0 || c.choice == ConvolutionChoice::direct) return 0;
  const double two = cost(winograd_of(c, 2)), four = cost(winograd_of(c, 4));
  const int best = two < four ? 2 : 4;
  if (c.choice == ConvolutionChoice::winograd) return best;
  const double direct = double(c.outputs()) * double(c.depth()) * double(c.filters);
  return sizeof(T) == 4 && std::min(two, four) < direct ? best : 0;  // float64 is for exactness
}

template <class T> int64_t winograd_forward_space(const Winograd& s, int workers) {
  const Plan<T> plan(s);
  const int64_t tiles = in_stages(s, plan) ? s.tiles() : workers * block_tiles(s, plan);
  return plan.zeros + plan.weights + s.points() * tiles * (plan.x_row + plan.y_row);
}

template <class T>
void winograd_forward(T* y, const T* x, const T* weight, const T* bias, T* space, Winograd size, int workers,
                      ActivationKind kind, T slope, bool flipped) {
  const Plan<T> plan(size);
  T *zeros = space, *u = zeros + plan.zeros, *points = u + plan.weights;
  std::fill_n(zeros, plan.zeros, T(0));
  transform_weights(size, plan, u, weight, flipped);
  const Forward<T> forward{size, plan, y, x, bias, zeros, u, kind, slope};
  if (in_stages(size, plan)) forward.by_stages(points);
  else forward.by_blocks(points, workers);
}

template <class T> int64_t winograd_weight_space(const Winograd& s) {
  const Plan<T> plan(s);
  return plan.zeros +
         s.points() * (s.channels * s.filters + weight_block_tiles(s, plan) * (plan.x_row + plan.y_row));
}

// Blocks of tiles follow one another: within a block all workers transform tiles, then share out the points,
// so that every element of du is summed by one worker, in the order of the tiles.
template <class T>
void winograd_weight(T* dweight, const T* x, const T* dz, T* space, Winograd size, Flag* nonfinite) {
  const Plan<T> plan(size);
  const auto& k = kernels<T>();
  const int64_t block = weight_block_tiles(size, plan), all = size.tiles(),
                plane = size.channels * size.filters;
  T *zeros = space, *du = zeros + plan.zeros, *v = du + size.points() * plane,
    *m = v + size.points() * block * plan.x_row;
  std::fill_n(zeros, plan.zeros, T(0));
  const int64_t pieces = (size.channels + 127) / 128;
  for (int64_t first = 0; first < all; first += block) {
    const int64_t tiles = std::min(block, all - first);
    const double share = size.work() * double(tiles) / double(all);
    parallel_for(tiles, share / 4, [&](int64_t i, int) {
      input_points(size, v + i * plan.x_row, tiles * plan.x_row, x, zeros, first + i);
      const T* pixel[16];
      output_pixels<T>(size, dz, static_cast<const T*>(zeros), first + i, pixel);
      k.winograd.output_gradient(size.f, m + i * plan.y_row, tiles * plan.y_row, pixel, size.filters);
    });
    parallel_for(size.points() * pieces, share, [&](int64_t task, int) {
      const int64_t point = task / pieces, from = size.channels * (task % pieces) / pieces;
      Product<T> p;
      p.c = du + point * plane + from * size.filters;
      p.a = v + point * tiles * plan.x_row + from;
      p.b = m + point * tiles * plan.y_row;
      p.m = size.channels * (task % pieces + 1) / pieces - from;
      p.n = size.filters;
      p.c_row = size.filters;
      p.a_row = plan.x_row;
      p.b_row = plan.y_row;
      p.walk.length = tiles;
      p.accumulate = first > 0;
      k.gemm.columns(p);
    });
  }
  parallel_for(size.channels, double(plane) * double(size.points()) / 16, [&](int64_t c, int) {
    T* to = dweight + c * size.filters;
    k.winograd.weights_gradient(size.f, to, plane, du + c * size.filters, plane, size.filters);
    for (int tap = 0; tap < 9; tap++)
      if (!k.finite.all(to + tap * plane, size.filters)) nonfinite->store(true, std::memory_order_relaxed);
  });
}

#define STRATE_INSTANTIATE(T)                                                                               \
  template int winograd_tile<T>(const Convolution&);                                                        \
  template int64_t winograd_forward_space<T>(const Winograd&, int);                                         \
  template int64_t winograd_weight_space<T>(const Winograd&);                                               \
  template void winograd_forward<T>(T*, const T*, const T*, const T*, T*, Winograd, int, ActivationKind, T, \
                                    bool);                                                                  \
  template void winograd_weight<T>(T*, const T*, const T*, T*, Winograd, Flag*);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)
#undef STRATE_INSTANTIATE

}  // namespace cpu
}  // namespace strate
