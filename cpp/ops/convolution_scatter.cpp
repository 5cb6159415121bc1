// Tasks are bands of rows of dx, each summed by one thread in the order of the taps.
#include "ops/convolution_scatter.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/grid.h"
#include "ops/scratch.h"

namespace strate::cpu {
namespace {

constexpr int64_t band_bytes = 256 << 10;

// Scattering: taps of a row that follow one another in x are the columns of one product, added to dx as it is
// computed. Taps of few channels that lie apart would leave registers of columns mostly empty: their products
// are computed side by side in scratch, then added.
struct Scatter {
  Convolution c;
  bool apart;
  int64_t columns;      // of a product
  int64_t products;     // to a row of taps, in all groups
  int64_t rows, bands;  // of dx
  bool copied;          // a band is summed in scratch, because dx has other margins
  int64_t summed;       // elements of that scratch
  int64_t scratch;      // elements to a worker

  Scatter(const Convolution& c_, int64_t item_size, int64_t lanes) : c(c_), apart(adds_apart(c_, lanes)) {
    columns = apart ? c.columns.kernel * c.group_channels() : c.run();
    products = c.contiguous() ? 1 : apart ? c.groups : c.columns.kernel * c.groups;
    const int64_t wanted = tasks_for(c.work());
    const int64_t fit = band_bytes / (band_row(c) * item_size),
                  most = parts_up(c.images * c.rows.size, wanted);
    rows = std::clamp(std::min(fit, most), std::min(c.rows.size, c.rows.reach()), c.rows.size);
    bands = parts_up(c.rows.size, rows);
    copied = c.columns.before != 0 || c.columns.needed() != c.columns.size;
    summed = copied ? rounded(rows * band_row(c)) : 0;
    scratch = summed + (apart ? rounded(c.columns.out * columns) : 0);
  }
  // Cycles of a row of taps, of one pixel: multiply-adds, and what reads and writes their sums. The separate
  // addition has four lanes.
  static bool adds_apart(const Convolution& c, int64_t lanes) {
    if (c.contiguous() || c.columns.kernel == 1 || c.group_filters() == 1) return false;
    const int64_t gc = c.group_channels(), kernel = c.columns.kernel;
    const int64_t each = parts_up(gc, lanes), all = parts_up(kernel * gc, lanes);
    const double terms = double(c.group_filters() * parts_up(c.rows.kernel, c.rows.stride)) / 2;
    return double(all) * (terms + 1) + 2 * double(kernel * parts_up(gc, 4)) <
           double(kernel * each) * (terms + 3);
  }
  int64_t row() const { return copied ? band_row(c) : c.columns.size * c.channels; }
};

// The rows of taps that fall on one row of dx are every `period`-th; the rows of outputs that they belong to
// are `step` apart. The transposed weights hold such rows one after another, so that one product sums over
// all of them.
struct TapRows {
  int64_t kernel, period, step;

  explicit TapRows(const ConvolutionAxis& r) : kernel(r.kernel) {
    const int64_t common = std::gcd(r.stride, r.dilation);
    period = r.stride / common;
    step = r.dilation / common;
  }
  int64_t place(int64_t u) const {
    int64_t before = 0;
    for (int64_t q = 0; q < u % period; q++) before += parts_up(kernel - q, period);
    return before + u / period;
  }
};

struct RowSum {
  int64_t tap, count, output;  // the first row of taps, how many, and the first one's row of outputs
};
RowSum row_sum(const ConvolutionAxis& r, const TapRows& taps, int64_t row) {
  const int64_t padded = row + r.before;
  int64_t u = 0;
  while (u < std::min(taps.period, r.kernel) && (padded - u * r.dilation) % r.stride != 0) u++;
  if (u == std::min(taps.period, r.kernel)) return {0, 0, 0};
  for (; u < r.kernel && padded - u * r.dilation > (r.out - 1) * r.stride;) u += taps.period;
  if (u >= r.kernel || padded < u * r.dilation) return {0, 0, 0};
  const int64_t output = (padded - u * r.dilation) / r.stride;
  return {u, std::min(output / taps.step + 1, parts_up(r.kernel - u, taps.period)), output};
}

// For each product, for each row of taps in its place: (filters of the group, columns), the second factor of
// dz.
template <class T> void transpose_weights(T* to, const T* weight, const Scatter& s) {
  const Convolution& c = s.c;
  const int64_t size = s.columns * c.group_filters(), gc = c.group_channels(), gf = c.group_filters();
  const TapRows taps(c.rows);
  parallel_for(c.rows.kernel * s.products, double(c.weights()) * 0.3, [&](int64_t task, int) {
    const int64_t u = task / s.products, i = task % s.products, v = i / c.groups, g = i % c.groups;
    const T* from = weight + (u * c.columns.kernel + v) * gc * c.filters + g * gf;
    kernels<T>().gemm.transpose(to + (i * c.rows.kernel + taps.place(u)) * size, s.columns, from, c.filters,
                                s.columns, gf);
  });
}

// Adds what one group's taps of a row have, pixel by pixel, where they lie.
template <class T> void add_taps(T* row, const T* products, const Scatter& s) {
  const Convolution& c = s.c;
  const int64_t gc = c.group_channels(), fours = gc / 4 * 4, tap = c.columns.dilation * c.channels;
  for (int64_t j = 0; j < c.columns.out; j++, row += c.columns.stride * c.channels) {
    T* to = row;
    for (int64_t v = 0; v < c.columns.kernel; v++, products += gc, to += tap) {
      for (int64_t i = 0; i < fours; i += 4) {
        const T sum[] = {to[i] + products[i], to[i + 1] + products[i + 1], to[i + 2] + products[i + 2],
                         to[i + 3] + products[i + 3]};
        std::copy_n(sum, 4, to + i);
      }
      switch (gc - fours) {
        case 3:
          to[fours + 2] += products[fours + 2];
          [[fallthrough]];
        case 2:
          to[fours + 1] += products[fours + 1];
          [[fallthrough]];
        case 1:
          to[fours] += products[fours];
      }
    }
  }
}

// Row after row of dx: dz times the weights of all rows of taps that fall on it, added where the taps lie.
template <class T>
void scatter_products(T* band, int64_t begin, int64_t end, const T* dz, const T* weight, T* apart,
                      const Scatter& s) {
  const Convolution& c = s.c;
  const int64_t gf = c.group_filters(), dz_row = c.columns.out * c.filters;
  const TapRows taps(c.rows);
  for (int64_t row = begin; row < end; row++) {
    const RowSum sum = row_sum(c.rows, taps, row);
    if (sum.count == 0) continue;
    for (int64_t i = 0; i < s.products; i++) {
      const int64_t v = i / c.groups, g = i % c.groups;
      T* to = band + (row - begin) * s.row() + v * c.columns.dilation * c.channels + g * c.group_channels();
      Product<T> p{s.apart ? apart : to, dz + sum.output * dz_row + g * gf,
                   weight + (i * c.rows.kernel + taps.place(sum.tap)) * s.columns * gf};
      p.m = c.columns.out;
      p.n = s.columns;
      p.c_row = s.apart ? s.columns : c.columns.stride * c.channels;
      p.a_row = c.filters;
      p.b_row = s.columns;
      p.walk.outer = sum.count;
      p.walk.outer_step = -taps.step * dz_row;
      p.walk.length = gf;
      p.accumulate = !s.apart;
      kernels<T>().gemm.rows(p);
      if (s.apart) add_taps(to, apart, s);
    }
  }
}

template <class T>
void scatter_depthwise(T* band, int64_t begin, int64_t end, const T* dz, const T* weight, const Scatter& s) {
  const Convolution& c = s.c;
  Depthwise<T> d;
  d.columns = c.columns.out;
  d.channels = c.channels;
  d.kernel_rows = 1;
  d.kernel_columns = c.columns.kernel;
  d.x_line = c.rows.stride * s.row();
  d.x_column = c.columns.stride * c.channels;
  d.tap_row = 0;
  d.tap_column = c.columns.dilation * c.channels;
  d.y_line = c.columns.out * c.filters;
  d.y_column = c.filters;
  for (int64_t u = 0; u < c.rows.kernel; u++) {
    const Span rows = outputs_of_tap(c.rows, u, {begin, end});
    if (rows.size() == 0) continue;
    const int64_t top = rows.begin * c.rows.stride + u * c.rows.dilation - c.rows.before - begin;
    d.lines = rows.size();
    kernels<T>().conv2d.depthwise_input(band + top * s.row(), dz + rows.begin * d.y_line,
                                        weight + u * c.columns.kernel * c.channels, d);
  }
}

// The band without its padding.
template <class T> void copy_out(T* dx, T* scratch, int64_t rows, const Scatter& s) {
  const Convolution& c = s.c;
  Band<T> band;
  band.to = dx;
  band.image = scratch;
  band.to_row = band.width = c.columns.size * c.channels;
  band.image_row = s.row();
  band.image_rows = band.rows = rows;
  band.image_width = c.columns.needed() * c.channels;
  band.first_row = 0;
  band.left = -c.columns.before * c.channels;
  kernels<T>().conv2d.band(band);
}

// What follows the sum over the taps: nothing for a gradient.
template <class T> struct Ending {
  const T* bias;
  ActivationKind activation;
  T slope;
  bool nothing() const { return !bias && activation == ActivationKind::identity; }
};

template <class T>
void scatter(T* dx, const T* dz, const T* weight, T* scratches, const Scatter& s, const Ending<T>& ending) {
  const Convolution& c = s.c;
  const bool depthwise = convolution_way<T>(c) == ConvolutionWay::depthwise;
  parallel_for(c.images * s.bands, c.work(), c.workers, [&](int64_t task, int worker) {
    const int64_t image = task / s.bands, b = task % s.bands;
    const int64_t begin = c.rows.size * b / s.bands, end = c.rows.size * (b + 1) / s.bands;
    T* to = dx + (image * c.rows.size + begin) * c.columns.size * c.channels;
    T* scratch = scratch_of(scratches, s.scratch, worker);
    T* band = s.copied ? scratch : to;
    const T* from = dz + image * c.rows.out * c.columns.out * c.filters;
    std::memset(band, 0, size_t((end - begin) * s.row()) * sizeof(T));
    if (depthwise) scatter_depthwise(band, begin, end, from, weight, s);
    else scatter_products(band, begin, end, from, weight, scratch + s.summed, s);
    if (s.copied) copy_out(to, band, end - begin, s);
    if (!ending.nothing())  // the rows are still in cache
      kernels<T>().conv2d.finish(to, ending.bias, (end - begin) * c.columns.size, c.channels,
                                 ending.activation, ending.slope);
  });
}

template <class T> Scatter scatter_of(const Convolution& c) {
  return {c, sizeof(T), kernels<T>().gemm.lanes()};
}

}  // namespace

template <class T> int64_t scattered_registers(const Convolution& c) {
  const int64_t lanes = kernels<T>().gemm.lanes(), channels = c.group_channels(), kernel = c.columns.kernel;
  return c.contiguous() || Scatter::adds_apart(c, lanes) ? parts_up(kernel * channels, lanes)
                                                         : kernel * parts_up(channels, lanes);
}

template <class T> int64_t scatter_space(const Convolution& c) {
  return rounded(c.weights()) + scratch_space<T>(scatter_of<T>(c).scratch, c.workers);
}

template <class T>
void scatter(T* dx, const T* dz, const T* weight, const T* bias, T* workspace, const Convolution& c,
             ActivationKind activation, T slope) {
  const Scatter s = scatter_of<T>(c);
  T* rest = workspace + rounded(c.weights());
  if (convolution_way<T>(c) != ConvolutionWay::depthwise) {
    transpose_weights(workspace, weight, s);
    weight = workspace;
  }
  scatter(dx, dz, weight, rest, s, Ending<T>{bias, activation, slope});
}

#define STRATE_INSTANTIATE(T)                                  \
  template int64_t scattered_registers<T>(const Convolution&); \
  template int64_t scatter_space<T>(const Convolution&);       \
  template void scatter<T>(T*, const T*, const T*, const T*, T*, const Convolution&, ActivationKind, T);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
