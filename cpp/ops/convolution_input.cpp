// Convolution, gradient of the input: as a convolution of dz, or by scattering products over the pixels that
// they came from. Tasks of the second are bands of rows of dx, each summed by one thread in the order of the
// taps.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/conv2d_winograd.h"
#include "ops/convolution.h"
#include "ops/convolution_groups.h"
#include "ops/grid.h"

namespace strate::cpu {
namespace {

constexpr int64_t band_bytes = 256 << 10;

// dx is the convolution of dz with these sizes: the outer padding of dz is what the taps reach beyond x's.
ConvolutionAxis exchanged(const ConvolutionAxis& a) {
  return {a.out, a.size, a.kernel, 1, a.dilation, a.reach() - 1 - a.before};
}
Convolution exchanged(const Convolution& c) {
  return {exchanged(c.rows), exchanged(c.columns), c.images, c.filters, c.channels, c.groups, c.workers,
          c.choice};
}

// Its tiles, or none where dx is not computed by Winograd's way. With a stride, dx is a
// convolution of dz with gaps, which the exchanged sizes do not tell.
template <class T> WinogradTile input_tile(const Convolution& c) {
  const bool strides = c.rows.stride != 1 || c.columns.stride != 1;
  return strides ? WinogradTile::none : winograd_tile<T>(exchanged(c));
}

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

// Scattering: taps of a row that follow one another in x are the columns of one product.
struct Scatter {
  Convolution c;
  int64_t columns;      // of a product
  int64_t products;     // to a row of taps, in all groups
  int64_t rows, bands;  // of dx
  bool copied;          // a band is summed in scratch, because dx has other margins
  int64_t scratch;      // elements to a worker

  Scatter(const Convolution& c_, int64_t item_size) : c(c_) {
    columns = c.run();
    products = c.contiguous() ? 1 : c.columns.kernel * c.groups;
    const int64_t wanted = tasks_for(c.work());
    const int64_t fit = band_bytes / (band_row(c) * item_size),
                  most = parts_up(c.images * c.rows.size, wanted);
    rows = std::clamp(std::min(fit, most), std::min(c.rows.size, c.rows.reach()), c.rows.size);
    bands = parts_up(c.rows.size, rows);
    copied = c.columns.before != 0 || c.columns.needed() != c.columns.size;
    scratch = copied ? rounded(rows * band_row(c)) : 0;
  }
  int64_t row() const { return copied ? band_row(c) : c.columns.size * c.channels; }
};

// Output rows whose tap row u falls on rows begin..end of dx.
struct Outputs {
  int64_t first, last;
};
Outputs outputs_of_rows(const ConvolutionAxis& r, int64_t u, int64_t begin, int64_t end) {
  const int64_t low = begin + r.before - u * r.dilation, high = end - 1 + r.before - u * r.dilation;
  return {low <= 0 ? 0 : parts_up(low, r.stride), high < 0 ? -1 : std::min(r.out - 1, high / r.stride)};
}

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

// Row after row of dx: dz times the weights of all rows of taps that fall on it, added where the taps lie.
template <class T>
void scatter_products(T* band, int64_t begin, int64_t end, const T* dz, const T* weight, const Scatter& s) {
  const Convolution& c = s.c;
  const int64_t gf = c.group_filters(), dz_row = c.columns.out * c.filters;
  const TapRows taps(c.rows);
  for (int64_t row = begin; row < end; row++) {
    const RowSum sum = row_sum(c.rows, taps, row);
    if (sum.count == 0) continue;
    for (int64_t i = 0; i < s.products; i++) {
      const int64_t v = i / c.groups, g = i % c.groups;
      Product<T> p{
          band + (row - begin) * s.row() + v * c.columns.dilation * c.channels + g * c.group_channels(),
          dz + sum.output * dz_row + g * gf,
          weight + (i * c.rows.kernel + taps.place(sum.tap)) * s.columns * gf};
      p.m = c.columns.out;
      p.n = s.columns;
      p.c_row = c.columns.stride * c.channels;
      p.a_row = c.filters;
      p.b_row = s.columns;
      p.walk.outer = sum.count;
      p.walk.outer_step = -taps.step * dz_row;
      p.walk.length = gf;
      p.accumulate = true;
      kernels<T>().gemm.rows(p);
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
    const Outputs rows = outputs_of_rows(c.rows, u, begin, end);
    if (rows.last < rows.first) continue;
    const int64_t top = rows.first * c.rows.stride + u * c.rows.dilation - c.rows.before - begin;
    d.lines = rows.last - rows.first + 1;
    kernels<T>().conv2d.depthwise_input(band + top * s.row(), dz + rows.first * d.y_line,
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
    T* band = s.copied ? scratches + worker * s.scratch : to;
    const T* from = dz + image * c.rows.out * c.columns.out * c.filters;
    std::memset(band, 0, size_t((end - begin) * s.row()) * sizeof(T));
    if (depthwise) scatter_depthwise(band, begin, end, from, weight, s);
    else scatter_products(band, begin, end, from, weight, s);
    if (s.copied) copy_out(to, band, end - begin, s);
    if (!ending.nothing())  // the rows are still in cache
      kernels<T>().conv2d.finish(to, ending.bias, (end - begin) * c.columns.size, c.channels,
                                 ending.activation, ending.slope);
  });
}

template <class T> int64_t own_workspace(const Convolution& c) {
  if (const auto tile = input_tile<T>(c); tile != WinogradTile::none)
    return winograd_forward_space<T>(winograd_of(exchanged(c), tile), c.workers);
  if (input_by_convolution<T>(c))
    return rounded(c.weights()) + convolution_forward_workspace<T>(exchanged(c));
  return rounded(c.weights()) + Scatter(c, sizeof(T)).scratch * c.workers;
}

}  // namespace

template <class T> int64_t convolution_input_workspace(const Convolution& c) {
  return space_with_groups(c, input_groups<T>(c), own_workspace<T>(c), own_workspace<T>);
}

template <class T>
void convolution_input(T* dx, const T* dz, const T* weight, const T* bias, T* workspace, Convolution c,
                       ActivationKind activation, T slope) {
  const auto together = [&](const Convolution& wide, const T* wide_weight, T* rest) {
    convolution_input(dx, dz, wide_weight, bias, rest, wide, activation, slope);
  };
  if (with_groups_together(c, input_groups<T>(c), dz, c.outputs() * c.filters, weight, workspace, together))
    return;
  if (const auto tile = input_tile<T>(c); tile != WinogradTile::none)
    return winograd_forward<T>(dx, dz, weight, bias, workspace, winograd_of(exchanged(c), tile), c.workers,
                               activation, slope, true);
  T* rest = workspace + rounded(c.weights());
  if (input_by_convolution<T>(c)) {
    flip_weights(workspace, weight, c);
    return convolution_forward<T>(dx, dz, workspace, bias, rest, exchanged(c), activation, slope);
  }
  const Scatter s(c, sizeof(T));
  const Ending<T> ending{bias, activation, slope};
  if (convolution_way<T>(c) == ConvolutionWay::depthwise) return scatter(dx, dz, weight, rest, s, ending);
  transpose_weights(workspace, weight, s);
  scatter<T>(dx, dz, workspace, rest, s, ending);
}

#define STRATE_INSTANTIATE(T)                                          \
  template int64_t convolution_input_workspace<T>(const Convolution&); \
  template void convolution_input<T>(T*, const T*, const T*, const T*, T*, Convolution, ActivationKind, T);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
