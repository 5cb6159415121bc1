// Convolution, forward. Tasks are bands of output rows of one image, and parts of the filters where images
// are few.
#include <algorithm>
#include <numeric>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/conv2d_winograd.h"
#include "ops/convolution.h"
#include "ops/convolution_bands.h"
#include "ops/convolution_columns.h"
#include "ops/convolution_filters.h"
#include "ops/convolution_groups.h"
#include "ops/convolution_images.h"
#include "ops/convolution_unfolded.h"
#include "ops/grid.h"
#include "ops/product.h"
#include "ops/scratch.h"

namespace strate::cpu {
namespace {

constexpr int64_t band_bytes = 256 << 10;  // a band of inputs shares the second-level cache with the weights
constexpr int64_t cached_bytes = 8 << 20;  // of inputs or outputs: of more, what comes next is asked for

// Depthwise, where channels leave part of their last register empty: pixels that follow one another are taken
// together until they fill whole registers. Their weights are those of one pixel, again and again. A kernel
// that slides along a row spares more as long as half of its lanes work.
template <class T> int64_t pixels_together(const Convolution& c) {
  const int64_t lanes = kernels<T>().gemm.lanes(), n = lanes / std::gcd(c.channels, lanes);
  const int64_t filled = parts_up(c.channels, lanes) * lanes;
  const bool empty = 10 * filled >= (slides<T>(c) ? 20 : 11) * c.channels;
  const bool near = n * c.channels <= 16 * lanes;  // what a block of them sees stays in the first-level cache
  return c.columns.stride == 1 && empty && near && c.columns.out >= 3 * n ? n : 1;
}

// Whether padding is not read, instead of copied with a band of so many rows, by each of the parts of the
// filters. It spares the copy, but outputs at the edges are products of few rows, which wait for the latency
// of eight multiply-adds under way.
template <class T>
bool leaves_taps_out(const Convolution& c, const Filters<T>& f, int64_t rows, int64_t parts) {
  const int64_t side = c.columns.edge(), edge = c.rows.edge();
  if (2 * side > c.columns.out) return false;
  constexpr double block = 100, copied = 1, taps_left = 0.6;  // cycles, of a call and of a number
  const double lanes = double(kernels<T>().gemm.lanes()), registers = double(f.registers(f.filters));
  const double together = f.narrow ? std::min(4.0, double(f.filters)) : std::min(2.0, registers);
  const double terms =
      double(c.depth() * c.groups) * (f.narrow ? double(f.filters) / lanes : registers) / together;
  const auto wait = [&](int64_t pixels) { return terms * std::max(0.0, 8 - together * double(pixels)) / 2; };
  const double bands = double(parts_up(c.rows.out, rows) * parts),
               read = double(band_rows(c, rows) * band_row(c));
  const double corners =
      double(edge * side) * wait(std::max<int64_t>(1, c.columns.dilation / c.columns.stride));
  const double sides = double(side) * (double(c.rows.out - edge) / double(rows)) * wait(rows);
  const double calls = double((edge + 1) * (side + 1) * c.groups) * block;
  return calls + (corners + sides) * taps_left < copied * read * bands;
}

// How one convolution is shared out and where its workspace lies; a function of its shape alone.
template <class T> struct Plan {
  ConvolutionWay way;
  Filters<T> filters;
  int64_t rows = 1, bands = 1;      // output rows to a band, bands to an image
  int64_t unit = 1, parts = 1;      // filters are cut at multiples of `unit` into `parts`
  bool copied = false;              // bands are copied to scratch
  bool columns = false;             // taps are taken column by column
  int64_t shared = 0, scratch = 0;  // elements of workspace: for all, and for each worker
  int64_t together = 1;             // pixels, depthwise
  int64_t outputs = 0;              // where a worker's scratch holds a band of outputs that are pooled

  // The rows of windows of `pool` are whole in each band.
  explicit Plan(const Convolution& c, const PoolSizes* pool = nullptr)
      : way(convolution_way<T>(c)), filters(c, c.run()) {
    const int64_t wanted = tasks_for(c.work());
    rows = rows_per_band<T>(c, band_bytes);
    if (way == ConvolutionWay::direct) {
      unit = c.groups == 1 ? filters.width : c.group_filters();
      const int64_t bands_now = std::max<int64_t>(1, c.images * parts_up(c.rows.out, rows));
      // Weights that a cache keeps may as well pass by all bands.
      const int64_t most_parts = c.weights() < filters.few_weights ? 1 : parts_up(c.filters, unit);
      parts = std::clamp(wanted / bands_now, int64_t(1), most_parts);
      copied = c.padded() && !leaves_taps_out(c, filters, rows, parts);
      if constexpr (sizeof(T) == 4)  // float64 is for exactness
        columns = takes_columns(c, filters, std::min(rows, parts_up(c.images * c.rows.out * parts, wanted)),
                                copied);
      copied = copied && !columns;
      if (!copied) rows = rows_per_band<T>(c, 2 * band_bytes);
      shared = filters.space();
    } else if (way == ConvolutionWay::pairs) {
      shared = rounded(c.taps() * kernels<T>().gemm.lanes());
      copied = true;
    } else if (way == ConvolutionWay::depthwise) {
      together = pixels_together<T>(c);
      copied = c.padded() && together > 1;
      if (together > 1) shared = rounded((c.taps() + 1) * together * c.channels);
    }
    const int64_t most_rows = parts_up(c.images * c.rows.out * parts, wanted);
    rows = std::clamp(most_rows, int64_t(1), rows);
    bands = parts_up(c.rows.out, rows);
    if (pool) {
      bands = parts_up(pool->rows.out, std::max<int64_t>(1, rows / pool->rows.stride));
      rows = (parts_up(pool->rows.out, bands) - 1) * pool->rows.stride + pool->rows.window;
    }
    if (copied) scratch = outputs = rounded(band_rows(c, rows) * band_row(c) + 16);
    if (pool) scratch += rounded(rows * c.columns.out * c.filters);
  }
  int64_t space(int workers) const { return shared + scratch_space<T>(scratch, workers); }
};

// Rows of outputs begin..end of an image in y, from the band of inputs that they see.
template <class T>
void compute_band(const Forward<T>& f, const Plan<T>& plan, T* y, int64_t image, Span rows, Span filters,
                  T* scratch) {
  const Convolution& c = f.c;
  const Seen<T> s = seen(c, f.x, image, rows, plan.copied ? scratch : nullptr);
  if (plan.columns) {
    if constexpr (sizeof(T) == 4) columns_band(f, plan.filters, s, y, filters);
  } else if (plan.way == ConvolutionWay::direct) direct_band(f, plan.filters, s, y, filters);
  else if (plan.way == ConvolutionWay::depthwise && !plan.copied && slides<T>(c)) sliding_band(f, s, y);
  else if (plan.way == ConvolutionWay::depthwise) depthwise_band(f, plan.together, s, y);
  else pairs_band(f, s, y);
  activate_pixels(y, rows.size() * c.columns.out, c, filters, f.activation, f.slope);
}

template <class T> void forward_bands(const Forward<T>& f, const Plan<T>& plan, T* scratches) {
  const Convolution& c = f.c;
  const Grid filters{1, c.filters, 1, plan.unit, 1, plan.parts};
  parallel_for(c.images * plan.bands * plan.parts, c.work(), c.workers, [&](int64_t task, int worker) {
    const int64_t band_task = task / plan.parts, image = band_task / plan.bands, b = band_task % plan.bands;
    const Span rows = cut(c.rows.out, 1, plan.bands, b);
    T* y = f.y + (image * c.rows.out + rows.begin) * c.columns.out * c.filters;
    compute_band(f, plan, y, image, rows, filters.column_span(task % plan.parts),
                 scratch_of(scratches, plan.scratch, worker));
  });
}

template <class T>
void pooled_bands(const Forward<T>& f, const Pooled<T>& pooled, const Plan<T>& plan, T* scratches) {
  const Convolution& c = f.c;
  const PoolAxis& axis = pooled.sizes.rows;
  parallel_for(c.images * plan.bands, c.work(), c.workers, [&](int64_t task, int worker) {
    const int64_t image = task / plan.bands;
    const Span windows = cut(axis.out, 1, plan.bands, task % plan.bands);
    const Span rows{windows.begin * axis.stride,
                    std::min(c.rows.out, (windows.end - 1) * axis.stride + axis.window)};
    T* scratch = scratch_of(scratches, plan.scratch, worker);
    T* y = scratch + plan.outputs;
    compute_band(f, plan, y, image, rows, {0, c.filters}, scratch);
    PoolSizes band = pooled.sizes;
    band.images = 1;
    band.rows.size = rows.size();
    band.rows.out = windows.size();
    const int64_t at = (image * axis.out + windows.begin) * pooled.sizes.columns.out * c.filters;
    const auto& k = kernels<T>().max_pool2d;
    if (pooled.places) k.forward_byte(pooled.z + at, pooled.places + at, y, band, 0, windows.size());
    else k.forward(pooled.z + at, y, band, 0, windows.size());
  });
}

// The weights as the way wants them, at the start of the workspace.
template <class T> void prepare_weights(Forward<T>& f, const Plan<T>& plan, T* workspace) {
  const Convolution& c = f.c;
  if (plan.way == ConvolutionWay::direct) {
    f.weight = plan.filters.arrange(workspace, f.weight);
  } else if (plan.way == ConvolutionWay::pairs) {
    kernels<T>().conv2d.pair_weights(workspace, f.weight, c.taps(), c.filters);
    f.weight = workspace;
  } else if (plan.together > 1) {
    for (int64_t i = 0; i < c.taps() + (f.bias != nullptr); i++)
      for (int64_t pixel = 0; pixel < plan.together; pixel++)
        std::copy_n(i < c.taps() ? f.weight + i * c.channels : f.bias, c.channels,
                    workspace + (i * plan.together + pixel) * c.channels);
    f.repeated = workspace;
  }
}

template <class T> int64_t own_workspace(const Convolution& c) {
  switch (convolution_way<T>(c)) {
    case ConvolutionWay::winograd:
      return winograd_forward_space<T>(winograd_of(c, winograd_tile<T>(c)), c.workers);
    case ConvolutionWay::matrix:
      return forward_workspace<T>(c.outputs(), c.filters, c.depth(), c.workers);
    case ConvolutionWay::images:
      return images_forward_space<T>(c);
    case ConvolutionWay::unfolded:
      return unfolded_forward_space<T>(c);
    default:
      return Plan<T>(c).space(c.workers);
  }
}

}  // namespace

template <class T> int64_t convolution_forward_workspace(const Convolution& c) {
  return space_with_groups(c, forward_groups<T>(c), own_workspace<T>(c), own_workspace<T>);
}

// Groups as they are; of what is done afterwards, the activation alone.
template <class T>
static void forward_own(T* y, const T* x, const T* weight, const T* bias, T* workspace, const Convolution& c,
                        ActivationKind activation, T slope) {
  switch (convolution_way<T>(c)) {
    case ConvolutionWay::winograd:
      return winograd_forward<T>(y, x, weight, bias, workspace, winograd_of(c, winograd_tile<T>(c)),
                                 c.workers, {nullptr, activation, slope}, false);
    case ConvolutionWay::matrix:
      return forward_product(ForwardProduct<T>{y, x, weight, bias, c.outputs(), c.filters, c.depth(),
                                               activation, slope, workspace, c.workers});
    case ConvolutionWay::images:
      return images_forward(y, x, weight, bias, workspace, c, activation, slope);
    case ConvolutionWay::unfolded:
      return unfolded_forward(y, x, weight, bias, workspace, c, activation, slope);
    default: {
      const Plan<T> plan(c);
      Forward<T> f{y, x, weight, bias, c, activation, slope};
      f.far_x = !plan.copied && c.inputs() * int64_t(sizeof(T)) > cached_bytes;
      f.far_y = c.outputs() * c.filters * int64_t(sizeof(T)) > cached_bytes;
      prepare_weights(f, plan, workspace);
      forward_bands(f, plan, workspace + plan.shared);
    }
  }
}

template <class T>
void convolution_forward(T* y, const T* x, const T* weight, const T* bias, T* workspace, Convolution c,
                         Afterwards<T> after) {
  if (convolution_way<T>(c) == ConvolutionWay::winograd)
    return winograd_forward<T>(y, x, weight, bias, workspace, winograd_of(c, winograd_tile<T>(c)), c.workers,
                               after, false);
  const auto kind = after ? ActivationKind::identity : after.kind;
  const auto together = [&](const Convolution& wide, const T* wide_weight, T* rest) {
    forward_own<T>(y, x, wide_weight, bias, rest, wide, kind, after.slope);
  };
  const Numbers<T> from{x, c.inputs()}, to{y, c.outputs() * c.filters};
  if (!with_groups_together(c, forward_groups<T>(c), from, to, weight, workspace, together))
    forward_own<T>(y, x, weight, bias, workspace, c, kind, after.slope);
  after.everywhere(y, to.count);
}

template <class T> bool pools_in_bands(const Convolution& c, const PoolSizes& pool) {
  const ConvolutionWay way = convolution_way<T>(c);
  const bool banded =
      way == ConvolutionWay::direct || way == ConvolutionWay::pairs || way == ConvolutionWay::depthwise;
  const PoolAxis& r = pool.rows;
  return banded && r.before == 0 && r.dilation == 1 && r.stride >= r.window &&
         r.window * pool.columns.window <= 256 && Plan<T>(c).parts == 1;
}

template <class T> int64_t convolution_pooled_workspace(const Convolution& c, const PoolSizes& pool) {
  return Plan<T>(c, &pool).space(c.workers);
}

template <class T>
void convolution_pooled(Pooled<T> pooled, const T* x, const T* weight, const T* bias, T* workspace,
                        Convolution c, ActivationKind activation, T slope) {
  const Plan<T> plan(c, &pooled.sizes);
  Forward<T> f{nullptr, x, weight, bias, c, activation, slope};
  prepare_weights(f, plan, workspace);
  pooled_bands(f, pooled, plan, workspace + plan.shared);
}

#define STRATE_INSTANTIATE(T)                                                                             \
  template int64_t convolution_forward_workspace<T>(const Convolution&);                                  \
  template void convolution_forward<T>(T*, const T*, const T*, const T*, T*, Convolution, Afterwards<T>); \
  template bool pools_in_bands<T>(const Convolution&, const PoolSizes&);                                  \
  template int64_t convolution_pooled_workspace<T>(const Convolution&, const PoolSizes&);                 \
  template void convolution_pooled<T>(Pooled<T>, const T*, const T*, const T*, T*, Convolution,           \
                                      ActivationKind, T);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
