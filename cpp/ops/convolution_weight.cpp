// Convolution, gradients of the weights and the bias: sums over all pixels. The filters are cut into parts
// first, large weights also into rows of taps, and only then the sum itself: into at most 16 chunks fixed by
// the shape, whose partial results are added in their order.
#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/chunks.h"
#include "ops/conv2d_winograd.h"
#include "ops/convolution.h"
#include "ops/convolution_filters.h"
#include "ops/convolution_groups.h"
#include "ops/convolution_weight_plan.h"
#include "ops/grid.h"
#include "ops/product.h"

namespace strate::cpu {
namespace {

constexpr int64_t piece_pixels = 128;  // whose dz all tiles find in the first-level cache

template <class T> struct Weight {
  T *dweight, *dbias;  // of a chunk
  const T *dz, *x;
  Convolution c;
};

// A unit of the sum: lines of some images, as the products see them.
template <class T> struct Unit {
  const T *x, *dz;
  int64_t images, lines;
  int64_t x_image, x_row;  // steps
};

template <class T> Unit<T> unit_of(const Weight<T>& w, const WeightPlan<T>& plan, int64_t index, T* scratch) {
  const Convolution& c = w.c;
  const int64_t image = index / plan.bands * plan.together, b = index % plan.bands;
  const int64_t begin = c.rows.out * b / plan.bands, end = c.rows.out * (b + 1) / plan.bands;
  Unit<T> u{nullptr,
            w.dz + (image * c.rows.out + begin) * c.columns.out * c.filters,
            std::min(plan.together, c.images - image),
            end - begin,
            c.rows.size * c.columns.size * c.channels,
            0};
  if (scratch) u.x_image = band_rows(c, end - begin) * band_row(c);
  for (int64_t i = 0; i < (scratch ? u.images : 1); i++) {
    const BandView<T> band =
        input_band<T>(c, w.x, image + i, begin, end, scratch ? scratch + i * u.x_image : nullptr);
    if (i == 0) u.x = band.data;
    u.x_row = band.row;
  }
  return u;
}

// Some lines of a unit, or some whole images where they are small.
template <class T, class F> void for_pieces(const Convolution& c, const Unit<T>& unit, F&& f) {
  const int64_t lines =
      std::clamp<int64_t>(piece_pixels / std::max<int64_t>(1, c.columns.out), 1, unit.images * unit.lines);
  const int64_t images = std::max<int64_t>(1, lines / unit.lines), step = std::min(lines, unit.lines);
  for (int64_t i = 0; i < unit.images; i += images)
    for (int64_t line = 0; line < unit.lines; line += step) {
      Unit<T> piece = unit;
      piece.images = std::min(images, unit.images - i);
      piece.lines = std::min(step, unit.lines - line);
      piece.x += i * unit.x_image + line * c.rows.stride * unit.x_row;
      piece.dz += (i * unit.lines + line) * c.columns.out * c.filters;
      f(piece);
    }
}

template <class T> void add_products(const Weight<T>& w, const Unit<T>& unit, Span filters, Span tap_rows) {
  const Convolution& c = w.c;
  const int64_t gc = c.group_channels(), gf = c.group_filters();
  for (int64_t g = filters.begin / gf; g * gf < filters.end; g++) {
    const int64_t from = std::max(filters.begin, g * gf), to = std::min(filters.end, (g + 1) * gf);
    for (int64_t u = tap_rows.begin; u < tap_rows.end; u++)
      for (int64_t v = 0; v < (c.contiguous() ? 1 : c.columns.kernel); v++) {
        Product<T> p{w.dweight + (u * c.columns.kernel + v) * gc * c.filters + from,
                     unit.x + u * c.rows.dilation * unit.x_row + v * c.columns.dilation * c.channels + g * gc,
                     unit.dz + from};
        p.m = c.run();
        p.n = to - from;
        p.c_row = p.b_row = c.filters;
        p.a_row = c.columns.stride * c.channels;
        p.walk.outer = unit.images;
        p.walk.outer_step = unit.x_image;
        p.walk.inner = unit.lines;
        p.walk.inner_step = c.rows.stride * unit.x_row;
        p.walk.length = c.columns.out;
        p.accumulate = true;
        kernels<T>().gemm.columns(p);
      }
  }
}

// The same, transposed: rows are the few filters of a group, columns a row of taps.
template <class T> void add_narrow(const Weight<T>& w, const Unit<T>& unit, Span filters, Span tap_rows) {
  const Convolution& c = w.c;
  const int64_t gc = c.group_channels(), gf = c.group_filters(),
                products = c.contiguous() ? 1 : c.columns.kernel;
  const int64_t pixels = unit.lines * c.columns.out;
  for (int64_t i = 0; i < unit.images; i++)
    for (int64_t f = filters.begin; f < filters.end; f += gf)
      for (int64_t u = tap_rows.begin; u < tap_rows.end; u++)
        for (int64_t v = 0; v < products; v++) {
          Product<T> p{w.dweight + f * c.depth() + (u * c.columns.kernel + v) * gc,
                       unit.dz + i * pixels * c.filters + f,
                       unit.x + i * unit.x_image + u * c.rows.dilation * unit.x_row +
                           v * c.columns.dilation * c.channels + f / gf * gc};
          p.m = gf;
          p.n = c.run();
          p.c_row = c.depth();
          p.a_row = c.filters;
          p.b_row = c.columns.stride * c.channels;
          p.walk.outer = unit.lines;
          p.walk.outer_step = c.columns.out * c.filters;
          p.walk.length = c.columns.out;
          p.walk.skipped = c.rows.stride * unit.x_row - c.columns.out * p.b_row;
          p.accumulate = true;
          kernels<T>().gemm.columns(p);
        }
}

template <class T> void add_depthwise(const Weight<T>& w, const Unit<T>& unit) {
  const Convolution& c = w.c;
  Depthwise<T> d;
  d.lines = unit.lines;
  d.columns = c.columns.out;
  d.channels = c.channels;
  d.kernel_rows = c.rows.kernel;
  d.kernel_columns = c.columns.kernel;
  d.x_line = c.rows.stride * unit.x_row;
  d.x_column = c.columns.stride * c.channels;
  d.tap_row = c.rows.dilation * unit.x_row;
  d.tap_column = c.columns.dilation * c.channels;
  d.y_line = c.columns.out * c.filters;
  d.y_column = c.filters;
  for (int64_t i = 0; i < unit.images; i++)
    kernels<T>().conv2d.depthwise_weight(w.dweight, unit.x + i * unit.x_image,
                                         unit.dz + i * d.lines * d.y_line, d);
}

template <class T> void add_pairs(const Weight<T>& w, const Unit<T>& unit) {
  const Convolution& c = w.c;
  Pairs<T> p;
  p.lines = unit.lines;
  p.columns = c.columns.out;
  p.filters = c.filters;
  p.kernel_rows = c.rows.kernel;
  p.kernel_columns = c.columns.kernel;
  p.x_line = c.rows.stride * unit.x_row;
  p.tap_row = c.rows.dilation * unit.x_row;
  for (int64_t i = 0; i < unit.images; i++)
    kernels<T>().conv2d.pairs_weight(w.dweight, unit.x + i * unit.x_image,
                                     unit.dz + i * unit.lines * c.columns.out * c.filters, p);
}

template <class T> void zero_block(T* to, int64_t row, int64_t begin, int64_t end, Span columns) {
  for (int64_t i = begin; i < end; i++)
    std::memset(to + i * row + columns.begin, 0, size_t(columns.size()) * sizeof(T));
}

// The sum over units begin..end, for some filters and rows of taps.
template <class T>
void add_units(const Weight<T>& w, const WeightPlan<T>& plan, Span units, Span filters, Span tap_rows,
               T* scratch) {
  const Convolution& c = w.c;
  const int64_t tap_row = c.columns.kernel * c.group_channels();
  const bool bias = w.dbias && tap_rows.begin == 0;
  const Span terms{tap_rows.begin * tap_row, tap_rows.end * tap_row};
  if (w.dweight && plan.narrow) zero_block(w.dweight, c.depth(), filters.begin, filters.end, terms);
  else if (w.dweight) zero_block(w.dweight, c.filters, terms.begin, terms.end, filters);
  if (bias) zero_block(w.dbias, c.filters, 0, 1, filters);
  for (int64_t i = units.begin; i < units.end; i++) {
    const Unit<T> unit = unit_of(w, plan, i, w.dweight ? scratch : nullptr);  // dbias does not read x
    if (bias)
      kernels<T>().gemm.sum_rows(w.dbias + filters.begin, unit.dz + filters.begin, c.filters,
                                 unit.images * unit.lines * c.columns.out, filters.size(), true);
    if (!w.dweight) continue;
    if (plan.narrow) add_narrow(w, unit, filters, tap_rows);
    else if (plan.way == ConvolutionWay::direct)
      for_pieces(c, unit, [&](const Unit<T>& piece) { add_products(w, piece, filters, tap_rows); });
    else if (plan.way == ConvolutionWay::depthwise) add_depthwise(w, unit);
    else add_pairs(w, unit);
  }
}

}  // namespace

template <class T> int64_t convolution_weight_workspace(const Convolution& c) {
  if (const int64_t together = weight_groups<T>(c); together > 1) {
    const Convolution wide = merged(c, together);
    return rounded(wide.weights()) + convolution_weight_workspace<T>(wide);
  }
  const WeightPlan<T> plan(c);
  const int64_t room = (plan.whole() ? 0 : plan.chunks * plan.partial) + plan.scratch * c.workers;
  const WinogradTile tile = winograd_tile<T>(c);
  if (tile == WinogradTile::none) return room;
  return std::max(room, winograd_weight_space<T>(winograd_of(c, tile), c.workers));
}

template <class T>
void convolution_weight(T* dweight, T* dbias, const T* dz, const T* x, T* workspace, Convolution c,
                        Flag* dweight_flag, Flag* dbias_flag) {
  if (const int64_t together = weight_groups<T>(c); dweight && together > 1) {
    const Convolution wide = merged(c, together);
    Flag ignored{};  // of products that are left out
    convolution_weight<T>(workspace, dbias, dz, x, workspace + rounded(wide.weights()), wide, &ignored,
                          dbias_flag);
    take_apart(dweight, workspace, c, wide);
    return raise_if_not_finite(dweight, c.weights(), dweight_flag);
  }
  if (const auto tile = winograd_tile<T>(c); dweight && tile != WinogradTile::none) {
    winograd_weight<T>(dweight, x, dz, workspace, winograd_of(c, tile), c.workers, dweight_flag);
    if (!dbias) return;
    dweight = nullptr;  // the bias follows by itself
  }
  const WeightPlan<T> plan(c);
  const bool whole = plan.whole();
  T* scratches = workspace + (whole ? 0 : plan.chunks * plan.partial);
  const Grid filters{1, c.filters, 1, plan.filter_unit, 1, plan.filter_parts};
  const Grid tap_rows{1, c.rows.kernel, 1, 1, 1, plan.tap_parts};
  parallel_for(
      plan.chunks * plan.tap_parts * plan.filter_parts, c.work(), c.workers, [&](int64_t task, int worker) {
        const int64_t chunk = task / (plan.tap_parts * plan.filter_parts);
        T* partial = workspace + chunk * plan.partial;
        Weight<T> w{whole ? dweight : partial, whole ? dbias : partial + c.weights(), dz, x, c};
        if (!dweight) w.dweight = nullptr;
        if (!dbias) w.dbias = nullptr;
        add_units(w, plan, Span{plan.units * chunk / plan.chunks, plan.units * (chunk + 1) / plan.chunks},
                  filters.column_span(task % plan.filter_parts),
                  tap_rows.column_span(task / plan.filter_parts % plan.tap_parts),
                  plan.copied ? scratches + worker * plan.scratch : nullptr);
      });
  if (!whole) {
    const auto add = [&](T* to, const T* from, int64_t size, Flag* flag) {
      if (to)
        add_chunks(to, from, plan.partial, plan.chunks, size,
                   [&](int64_t at, int64_t n) { raise_if_not_finite(to + at, n, flag); });
    };
    add(plan.narrow && dweight ? workspace : dweight, workspace, c.weights(), dweight_flag);
    if (plan.narrow && dweight)
      kernels<T>().gemm.transpose(dweight, c.filters, workspace, c.depth(), c.filters, c.depth());
    add(dbias, workspace + c.weights(), c.filters, dbias_flag);
  } else {
    if (dweight) raise_if_not_finite(dweight, c.weights(), dweight_flag);
    if (dbias) raise_if_not_finite(dbias, c.filters, dbias_flag);
  }
}

#define STRATE_INSTANTIATE(T)                                           \
  template int64_t convolution_weight_workspace<T>(const Convolution&); \
  template void convolution_weight<T>(T*, T*, const T*, const T*, T*, Convolution, Flag*, Flag*);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
