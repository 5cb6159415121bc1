// A row of few outputs does not fill the tile of a product, and much of what the taps of a large kernel see
// there is padding. So x is copied pixel by pixel, the images of each side by side; then every output pixel
// is a product of its own: as many rows as there are images, and only the taps that lie inside the image.
#include "ops/convolution_images.h"

#include <algorithm>
#include <numeric>

#include "ops/convolution_filters.h"

namespace strate::cpu {
namespace {

constexpr int64_t tile = 12;  // rows of a product's tile, about

// The order of the output pixels. Outputs `period` apart see the same pixels of x with other taps, those
// between them see others: so the former follow one another, and what they see stays in the cache.
struct PixelOrder {
  int64_t rows, columns, row_period, column_period;

  explicit PixelOrder(const Convolution& c)
      : rows(c.rows.out),
        columns(c.columns.out),
        row_period(period(c.rows)),
        column_period(period(c.columns)) {}
  static int64_t period(const ConvolutionAxis& a) { return a.dilation / std::gcd(a.dilation, a.stride); }

  int64_t operator()(int64_t i) const {
    for (int64_t r = 0;; r++) {
      const int64_t down = parts_up(rows - r, row_period);
      if (i >= down * columns) {
        i -= down * columns;
        continue;
      }
      for (int64_t v = 0;; v++) {
        const int64_t across = parts_up(columns - v, column_period);
        if (i < down * across)
          return (r + i / across * row_period) * columns + v + i % across * column_period;
        i -= down * across;
      }
    }
  }
};

// Cycles of the products of one tap, to a pixel: `rows` pixels are multiplied together, and `run` terms of
// their sums lie side by side. Two multiply-adds and two loads a cycle, the latency of additions where sums
// are few.
template <class T> double cycles(const Convolution& c, const Filters<T>& f, int64_t rows, int64_t run) {
  if (f.narrow) return 0.6 * double(c.filters * f.registers(run) * c.group_channels()) / double(run);
  const double registers = double(std::min<int64_t>(2, f.registers(f.filters)));
  const double tiles = double(parts_up(rows, tile)), of_tile = double(rows) / tiles;
  const double of_term = std::max({of_tile * registers, 8.0, of_tile + registers}) / 2 + 0.5;
  return double(c.channels * f.panels()) * tiles * of_term / double(rows);
}

template <class T> struct Images {
  Convolution c;
  Filters<T> filters;
  int64_t pixel, image;  // steps of the copy of x
  double work;

  explicit Images(const Convolution& c_) : c(c_), filters(c, c.group_channels()) {
    // The rows of a tile lie in different sets of the cache.
    image = c.channels % 512 == 0 ? c.channels + 16 : c.channels;
    pixel = c.images * image;
    work = double(c.images * taps()) * double(c.group_channels() * c.filters) / 50;
  }
  int64_t pixels() const { return c.rows.size * c.columns.size; }
  int64_t taps() const { return all_inside(c.rows) * all_inside(c.columns); }  // of all outputs of an image
  int64_t copied() const { return rounded(pixels() * pixel); }

  void copy(T* to, const T* x) const {
    const int64_t row = c.columns.size * c.channels;
    parallel_for(c.rows.size, double(c.images * pixels() * c.channels) * 0.2, [&](int64_t r, int) {
      for (int64_t i = 0; i < c.images; i++)
        kernels<T>().gemm.copy(to + r * c.columns.size * pixel + i * image, pixel,
                               x + (i * c.rows.size + r) * row, c.channels, c.columns.size, c.channels);
    });
  }
};

// How the products are cut: filters first, so that a thread's weights stay in its cache, then pixels, images.
struct Cuts {
  int64_t filter_unit, filters, pixels, images;

  Cuts(const Convolution& c, double work, int64_t width) {
    filter_unit = c.groups == 1 ? width : c.group_filters();
    int64_t left = tasks_for(work);
    filters = std::min(left, parts_up(c.filters, filter_unit));
    left = parts_up(left, filters);
    pixels = std::clamp<int64_t>(left, 1, std::max<int64_t>(c.rows.out * c.columns.out, 1));
    images = std::clamp<int64_t>(parts_up(left, pixels), 1, parts_up(c.images, tile));
  }
  int64_t tasks() const { return filters * pixels * images; }
};

template <class T> struct Forward {
  Images<T> s;
  T* y;
  const T *x, *weight, *bias;
  ActivationKind activation;
  T slope;

  int64_t outputs() const { return s.c.rows.out * s.c.columns.out; }

  // One output pixel of some images; `from` is the first of its filters in the group.
  void pixel(int64_t at, Span images, int64_t group, int64_t from, int64_t filters) const {
    const Convolution& c = s.c;
    const Inside u = inside(c.rows, at / c.columns.out), v = inside(c.columns, at % c.columns.out);
    const int64_t filter = group * c.group_filters() + from;
    Product<T> p{
        y + (images.begin * outputs() + at) * c.filters + filter,
        x + (u.at * c.columns.size + v.at) * s.pixel + images.begin * s.image + group * c.group_channels(),
        nullptr};
    p.m = images.size();
    p.n = filters;
    p.c_row = outputs() * c.filters;
    p.a_row = s.image;
    p.walk.outer = u.count;
    p.walk.outer_step = c.rows.dilation * c.columns.size * s.pixel;
    p.walk.inner = v.count;
    p.walk.inner_step = c.columns.dilation * s.pixel;
    const int64_t tap = p.walk.length = c.group_channels();
    s.filters.point(p, weight, group, from, (u.first * c.columns.kernel + v.first) * tap,
                    (c.columns.kernel - v.count) * tap);
    p.bias = bias ? bias + filter : nullptr;
    p.activation = activation;
    p.slope = slope;
    s.filters.multiply(p);
  }

  void block(Span filters, Span pixels, Span images) const {
    const Convolution& c = s.c;
    const PixelOrder order(c);
    for (int64_t f = filters.begin; f < filters.end;) {
      const int64_t group = f / c.group_filters(), from = f % c.group_filters();
      const int64_t count = std::min({s.filters.width, c.group_filters() - from, filters.end - f});
      for (int64_t i = pixels.begin; i < pixels.end; i++) pixel(order(i), images, group, from, count);
      f += count;
    }
    if (!takes_exponential(activation)) return;
    for (int64_t p = pixels.begin; p < pixels.end; p++)
      for (int64_t at = order(p), i = images.begin; i < images.end; i++)
        activate_pixels(y + (i * outputs() + at) * c.filters, 1, c, filters, activation, slope);
  }
};

}  // namespace

template <class T> bool images_are_rows(const Convolution& c) {
  // Long rows fill their tiles; that is said at once, because every call asks.
  if (c.images < 2 || c.outputs() == 0 || c.columns.out > 4 * tile) return false;
  const Images<T> s(c);
  const Filters<T> along(c, c.run());
  const double copying = 10 * double(s.pixels() * Filters<T>::registers(c.channels));
  // Single numbers of x, from the second-level cache; whole registers of it come in time.
  const double far = s.filters.narrow ? 0 : 0.15 * double(c.channels * s.filters.panels());
  const double here = double(s.taps()) * (cycles(c, s.filters, c.images, c.group_channels()) + far) + copying;
  // A row of outputs whose edges are few leaves taps outside the image out, too.
  const bool few_edges = 2 * c.columns.edge() <= c.columns.out;
  const int64_t taps = few_edges ? s.taps() : c.rows.out * c.columns.out * c.taps();
  return here < double(taps) * cycles(c, along, c.columns.out, c.run());
}

template <class T> int64_t images_forward_space(const Convolution& c) {
  const Images<T> s(c);
  return s.copied() + s.filters.space();
}

template <class T>
void images_forward(T* y, const T* x, const T* weight, const T* bias, T* workspace, const Convolution& c,
                    ActivationKind activation, T slope) {
  const Images<T> s(c);
  s.copy(workspace, x);
  const Forward<T> f{s,    y,          workspace, s.filters.arrange(workspace + s.copied(), weight),
                     bias, activation, slope};
  const Cuts cuts(c, s.work, s.filters.width);
  parallel_for(cuts.tasks(), s.work, c.workers, [&](int64_t task, int) {
    const int64_t rest = task % (cuts.pixels * cuts.images);
    f.block(cut(c.filters, cuts.filter_unit, cuts.filters, task / (cuts.pixels * cuts.images)),
            cut(f.outputs(), 1, cuts.pixels, rest % cuts.pixels),
            cut(c.images, 1, cuts.images, rest / cuts.pixels));
  });
}

#define STRATE_INSTANTIATE(T)                                                                               \
  template bool images_are_rows<T>(const Convolution&);                                                     \
  template int64_t images_forward_space<T>(const Convolution&);                                             \
  template void images_forward<T>(T*, const T*, const T*, const T*, T*, const Convolution&, ActivationKind, \
                                  T);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
