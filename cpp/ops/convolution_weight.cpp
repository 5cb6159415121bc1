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
#include "ops/scratch.h"

namespace strate::cpu {
namespace {

template <class T> struct Weight {
  T *dweight, *dbias;  // of a chunk
  const T *dz, *x;
  Convolution c;
};

// A unit of the sum: lines of some images, as the products see them.
template <class T> struct Unit {
  const T *x, *dz;  // of the first image: where the axes begin, and its first line
  int64_t images;
  Span lines;                     // as `rows` counts them
  ConvolutionAxis rows, columns;  // of x
  int64_t x_image, x_row;         // steps

  // What the output at (line, column) sees with a tap, where that is not padding.
  const T* seen(const Convolution& c, int64_t line, int64_t column, int64_t tap_row, int64_t tap) const {
    return x + (line * rows.stride + tap_row * rows.dilation - rows.before) * x_row +
           (column * columns.stride + tap * columns.dilation - columns.before) * c.channels;
  }
  const T* top(const Convolution& c) const { return seen(c, lines.begin, 0, 0, 0); }
};

template <class T> Unit<T> unit_of(const Weight<T>& w, const WeightPlan<T>& plan, int64_t index, T* scratch) {
  const Convolution& c = w.c;
  const int64_t image = index / plan.bands * plan.together, row = c.columns.size * c.channels;
  const Span lines = cut(c.rows.out, 1, plan.bands, index % plan.bands);
  Unit<T> u{w.x + image * c.rows.size * row,
            w.dz + (image * c.rows.out + lines.begin) * c.columns.out * c.filters,
            std::min(plan.together, c.images - image),
            lines,
            c.rows,
            c.columns,
            c.rows.size * row,
            row};
  if (!scratch) return u;
  u.x = scratch;
  u.x_image = band_rows(c, lines.size()) * band_row(c);
  u.x_row = band_row(c);
  u.lines = {0, lines.size()};
  for (ConvolutionAxis* axis : {&u.rows, &u.columns}) axis->before = 0, axis->size = axis->needed();
  for (int64_t i = 0; i < u.images; i++)
    input_band<T>(c, w.x, image + i, lines.begin, lines.end, scratch + i * u.x_image);
  return u;
}

// Some lines of a unit, or some whole images where they are small.
template <class T, class F> void for_pieces(const Convolution& c, const Unit<T>& unit, F&& f) {
  const int64_t all = unit.lines.size();
  const int64_t lines =
      std::clamp<int64_t>(piece_pixels / std::max<int64_t>(1, c.columns.out), 1, unit.images * all);
  const int64_t images = std::max<int64_t>(1, lines / all), step = std::min(lines, all);
  for (int64_t i = 0; i < unit.images; i += images)
    for (int64_t line = 0; line < all; line += step) {
      Unit<T> piece = unit;
      piece.images = std::min(images, unit.images - i);
      piece.lines.begin += line;
      piece.lines.end = std::min(piece.lines.begin + step, unit.lines.end);
      piece.x += i * unit.x_image;
      piece.dz += (i * all + line) * c.columns.out * c.filters;
      f(piece);
    }
}

// f(tap, lines, columns) for the products of a row of taps, and the outputs that see the image with them: one
// product for the whole row where its taps follow one another, else one for each tap.
template <class T, class F>
void for_taps(const Convolution& c, const WeightPlan<T>& plan, const Unit<T>& unit, int64_t tap_row, F&& f) {
  const Span seen = outputs_of_tap(unit.rows, tap_row, {0, unit.rows.size});
  const Span lines{std::max(seen.begin, unit.lines.begin), std::min(seen.end, unit.lines.end)};
  if (lines.size() <= 0) return;
  if (!plan.by_taps) return f(0, lines, Span{0, c.columns.out});
  for (int64_t tap = 0; tap < c.columns.kernel; tap++) {
    const Span columns = outputs_of_tap(unit.columns, tap, {0, unit.columns.size});
    if (columns.size() > 0) f(tap, lines, columns);
  }
}

template <class T>
void add_products(const Weight<T>& w, const WeightPlan<T>& plan, const Unit<T>& unit, Span filters,
                  Span tap_rows) {
  const Convolution& c = w.c;
  const int64_t gc = c.group_channels(), gf = c.group_filters(), dz_line = c.columns.out * c.filters;
  for (int64_t g = filters.begin / gf; g * gf < filters.end; g++) {
    const int64_t from = std::max(filters.begin, g * gf), to = std::min(filters.end, (g + 1) * gf);
    for (int64_t u = tap_rows.begin; u < tap_rows.end; u++)
      for_taps(c, plan, unit, u, [&](int64_t v, Span lines, Span columns) {
        Product<T> p{w.dweight + (u * c.columns.kernel + v) * gc * c.filters + from,
                     unit.seen(c, lines.begin, columns.begin, u, v) + g * gc,
                     unit.dz + (lines.begin - unit.lines.begin) * dz_line + columns.begin * c.filters + from};
        p.m = plan.run(c);
        p.n = to - from;
        p.c_row = p.b_row = c.filters;
        p.a_row = c.columns.stride * c.channels;
        p.walk.outer = unit.images;
        p.walk.outer_step = unit.x_image;
        p.walk.inner = lines.size();
        p.walk.inner_step = c.rows.stride * unit.x_row;
        p.walk.length = columns.size();
        p.walk.inner_skipped = dz_line - columns.size() * c.filters;
        p.walk.skipped = (unit.lines.size() - lines.size()) * dz_line;
        p.accumulate = true;
        kernels<T>().gemm.columns(p);
      });
  }
}

// The same, transposed: rows are the few filters of a group, columns a row of taps.
template <class T>
void add_narrow(const Weight<T>& w, const WeightPlan<T>& plan, const Unit<T>& unit, Span filters,
                Span tap_rows) {
  const Convolution& c = w.c;
  const int64_t gc = c.group_channels(), gf = c.group_filters(), dz_line = c.columns.out * c.filters;
  for (int64_t i = 0; i < unit.images; i++)
    for (int64_t f = filters.begin; f < filters.end; f += gf)
      for (int64_t u = tap_rows.begin; u < tap_rows.end; u++)
        for_taps(c, plan, unit, u, [&](int64_t v, Span lines, Span columns) {
          const int64_t line = i * unit.lines.size() + lines.begin - unit.lines.begin;
          Product<T> p{w.dweight + f * c.depth() + (u * c.columns.kernel + v) * gc,
                       unit.dz + line * dz_line + columns.begin * c.filters + f,
                       unit.seen(c, lines.begin, columns.begin, u, v) + i * unit.x_image + f / gf * gc};
          p.m = gf;
          p.n = plan.run(c);
          p.c_row = c.depth();
          p.a_row = c.filters;
          p.b_row = c.columns.stride * c.channels;
          p.walk.outer = lines.size();
          p.walk.outer_step = dz_line;
          p.walk.length = columns.size();
          p.walk.skipped = c.rows.stride * unit.x_row - columns.size() * p.b_row;
          p.accumulate = true;
          kernels<T>().gemm.columns(p);
        });
}

template <class T> void add_depthwise(const Weight<T>& w, const Unit<T>& unit) {
  const Convolution& c = w.c;
  Depthwise<T> d;
  d.lines = unit.lines.size();
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
    kernels<T>().conv2d.depthwise_weight(w.dweight, unit.top(c) + i * unit.x_image,
                                         unit.dz + i * d.lines * d.y_line, d);
}

template <class T> void add_pairs(const Weight<T>& w, const Unit<T>& unit) {
  const Convolution& c = w.c;
  Pairs<T> p;
  p.lines = unit.lines.size();
  p.columns = c.columns.out;
  p.filters = c.filters;
  p.kernel_rows = c.rows.kernel;
  p.kernel_columns = c.columns.kernel;
  p.x_line = c.rows.stride * unit.x_row;
  p.tap_row = c.rows.dilation * unit.x_row;
  for (int64_t i = 0; i < unit.images; i++)
    kernels<T>().conv2d.pairs_weight(w.dweight, unit.top(c) + i * unit.x_image,
                                     unit.dz + i * p.lines * c.columns.out * c.filters, p);
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
                                 unit.images * unit.lines.size() * c.columns.out, filters.size(), true);
    if (!w.dweight) continue;
    if (plan.narrow) add_narrow(w, plan, unit, filters, tap_rows);
    else if (plan.way == ConvolutionWay::direct)
      for_pieces(c, unit, [&](const Unit<T>& piece) { add_products(w, plan, piece, filters, tap_rows); });
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
  const int64_t room =
      (plan.whole() ? 0 : plan.chunks * plan.partial) + scratch_space<T>(plan.scratch, c.workers);
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
                  plan.copied ? scratch_of(scratches, plan.scratch, worker) : nullptr);
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
