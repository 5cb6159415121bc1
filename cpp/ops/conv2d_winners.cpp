// Tasks are runs of images, as many as the shape says; each sums a dweight and a dbias of its own.
#include "ops/conv2d_winners.h"

#include <algorithm>
#include <functional>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/chunks.h"
#include "ops/scratch.h"

namespace strate::cpu {
namespace {

constexpr int64_t most_channels = 8, most_filters = 16;  // beyond, products of matrices are faster
constexpr int64_t least_winners = 256;                   // fewer do not repay what is prepared
constexpr int64_t few_winners = 8192;                    // more are shared out,
constexpr int64_t least_images = 8;                      // of which fewer would leave threads without a task

bool side_by_side(const PoolAxis& a) {
  return a.window == 2 && a.stride == 2 && a.dilation == 1 && a.before == 0 && 2 * a.out <= a.size;
}
bool fits(const ConvolutionAxis& a) {
  return a.stride == 1 && a.dilation == 1 && a.before >= 0 && (a.kernel == 3 || a.kernel == 5);
}

// Where the parts of the workspace and of a worker's scratch lie, in numbers.
template <class T> struct Plan {
  Convolution c;
  int64_t down, across;           // windows
  int64_t kernel, rows, columns;  // rows and columns of x with its padding that windows see
  int64_t windows, registers, blocks, lanes;
  int64_t chunks, sums, partial;  // numbers in a chunk's dweight, and with dbias
  int64_t row, shifted;           // of the weights for dx
  int64_t winners, band, plane, pair_row, chosen, image;

  Plan(const Convolution& conv, const PoolSizes& s) : c(conv), down(s.rows.out), across(s.columns.out) {
    const auto& k = kernels<T>();
    kernel = c.rows.kernel, rows = 2 * down + kernel - 1, columns = 2 * across + kernel - 1;
    windows = k.winners.windows(c.filters), registers = parts_up(across, windows);
    lanes = k.gemm.lanes(), blocks = parts_up(c.filters, lanes);
    chunks = std::min(c.images, most_chunks);
    sums = c.channels * blocks * c.taps() * lanes;
    partial = rounded(sums + c.filters);
    row = parts_up((kernel + 1) * c.channels, lanes) * lanes;
    shifted = (kernel + 2) * row;
    winners = down * across * c.filters;  // of an image
    band = rounded(band_rows(c, 2 * down) * band_row(c));
    plane = rounded(columns);
    pair_row = rounded(2 * columns + 8 + lanes);  // what the last register reads beyond the columns
    chosen = rounded(down * registers * blocks * lanes);
    image = rounded(c.rows.needed() * c.columns.needed() * c.channels);
  }
  int64_t pairs() const { return c.channels * (rows - 1) * pair_row; }
  int64_t scratch() const {
    return band + c.channels * rows * plane + pairs() + 2 * chosen + image + rounded(winners);
  }
  int64_t table() const { return rounded(c.filters * 2 * shifted); }
  int64_t workspace() const {
    return table() + (chunks + 1) * partial + scratch_space<T>(scratch(), c.workers);
  }
};

// weight[filter][q][rows of taps between zeros], each row moved q pixels to the right.
template <class T> void turn_weights(T* to, const T* weight, const Plan<T>& p) {
  const int64_t run = p.kernel * p.c.channels;
  std::fill_n(to, p.table(), T(0));
  for (int64_t q = 0; q < 2; q++)
    for (int64_t u = 0; u < p.kernel; u++)
      kernels<T>().gemm.transpose(to + q * p.shifted + (1 + u) * p.row + q * p.c.channels, 2 * p.shifted,
                                  weight + u * run * p.c.filters, p.c.filters, run, p.c.filters);
}

template <class T> struct Task {
  const Plan<T>& p;
  T *band, *planes, *pairs, *chosen, *order, *image, *dz;

  Task(const Plan<T>& plan, T* scratch) : p(plan) {
    band = scratch;
    planes = band + p.band;
    pairs = planes + p.c.channels * p.rows * p.plane;
    chosen = pairs + p.pairs();
    order = chosen + p.chosen;
    image = order + p.chosen;
    dz = image + p.image;
    std::fill_n(pairs, p.pairs(), T(0));
  }

  // Rows of each channel of image i, each pixel beside the one below it.
  void pair_pixels(const T* x, int64_t i) const {
    const Convolution& c = p.c;
    const auto& k = kernels<T>();
    const BandView<T> seen = input_band(c, x, i, 0, 2 * p.down, c.padded() ? band : nullptr);
    const T* rows = seen.data;
    int64_t row = seen.row, step = 0;
    if (c.channels > 1) {
      row = p.plane, step = p.rows * p.plane;
      for (int64_t r = 0; r < p.rows; r++)
        k.gemm.transpose(planes + r * row, step, seen.data + r * seen.row, c.channels, p.columns, c.channels);
      rows = planes;
    }
    for (int64_t channel = 0; channel < c.channels; channel++)
      for (int64_t r = 0; r + 1 < p.rows; r++) {
        const T* from = rows + channel * step + r * row;
        k.winners.interleave(pairs + (channel * (p.rows - 1) + r) * p.pair_row, from, from + row, p.columns);
      }
  }

  // Places up to `end` may be read.
  void add_weight(T* sums, const T* from, const uint8_t* places, const uint8_t* end) const {
    const Convolution& c = p.c;
    const auto& k = kernels<T>().winners;
    const int64_t line = p.registers * p.blocks * p.lanes, row = p.across * c.filters;
    for (int64_t r = 0; r < p.down; r++)
      k.choose(chosen + r * line, order + r * line, from + r * row, places + r * row, end, p.across,
               c.filters);
    WinnersWeight<T> one{sums,   pairs,       chosen,   order,     p.pair_row,
                         p.down, p.registers, p.blocks, p.windows, p.kernel};
    for (int64_t channel = 0; channel < c.channels; channel++) {
      k.weight(one);
      one.sums += p.sums / c.channels;
      one.pairs += (p.rows - 1) * p.pair_row;
    }
  }

  void input(T* dx, const T* from, const uint8_t* places, const T* table) const {
    const Convolution& c = p.c;
    const auto& k = kernels<T>();
    const int64_t row = c.columns.needed() * c.channels;
    std::fill_n(image, p.image, T(0));
    k.winners.input(
        {image, from, table, places, row, p.row, p.down, p.across, c.filters, c.channels, p.kernel});
    Band<T> inside;  // without the padding
    inside.to_row = inside.width = c.columns.size * c.channels;
    inside.to = dx;
    inside.image = image;
    inside.image_row = inside.image_width = row;
    inside.image_rows = c.rows.needed();
    inside.first_row = c.rows.before;
    inside.rows = c.rows.size;
    inside.left = -c.columns.before * c.channels;
    k.conv2d.band(inside);
  }
};

// dweight (kernel, kernel, channels, filters) from the sums of all chunks.
template <class T> void write_weight(T* dweight, const T* sums, const Plan<T>& p) {
  const Convolution& c = p.c;
  const int64_t taps = c.taps();
  for (int64_t channel = 0; channel < c.channels; channel++)
    for (int64_t block = 0; block < p.blocks; block++) {
      const T* from = sums + (channel * p.blocks + block) * taps * p.lanes;
      T* to = dweight + channel * c.filters + block * p.lanes;
      const int64_t n = std::min(p.lanes, c.filters - block * p.lanes);
      for (int64_t t = 0; t < taps; t++, from += p.lanes, to += c.channels * c.filters) {
        if (p.windows == 2) std::transform(from, from + n, from + p.lanes / 2, to, std::plus<T>());
        else std::copy_n(from, n, to);
      }
    }
}

}  // namespace

template <class T> bool by_winners(const Convolution& c, const PoolSizes& s) {
  const int64_t winners = c.images * s.rows.out * s.columns.out * c.filters;
  return c.groups == 1 && fits(c.rows) && fits(c.columns) && c.rows.kernel == c.columns.kernel &&
         side_by_side(s.rows) && side_by_side(s.columns) && c.channels <= most_channels &&
         c.filters <= most_filters && winners >= least_winners &&
         (c.images >= least_images || winners <= few_winners);
}

template <class T> int64_t winners_workspace(const Convolution& c, const PoolSizes& s) {
  return Plan<T>(c, s).workspace();
}

template <class T>
void winners_backward(T* dx, T* dweight, T* dbias, const T* dy, const T* z, const uint8_t* places, const T* x,
                      const T* weight, T* workspace, Convolution c, PoolSizes s, ActivationKind kind,
                      double slope, Flag* dweight_flag, Flag* dbias_flag) {
  const Plan<T> p(c, s);
  const auto& k = kernels<T>();
  const auto& gemm = k.gemm;
  T *table = workspace, *total = table + p.table(), *partials = total + p.partial;
  T* scratches = partials + p.chunks * p.partial;
  if (dx) turn_weights(table, weight, p);
  const double work = c.work() * ((dx != nullptr) + (dweight != nullptr)) / 4;
  const int64_t n = p.winners;
  parallel_for(p.chunks, work, c.workers, [&](int64_t chunk, int worker) {
    const Task<T> task(p, scratch_of(scratches, p.scratch(), worker));
    T *sums = partials + chunk * p.partial, *bias = sums + p.sums;
    std::fill_n(sums, p.partial, T(0));
    const Span images = cut(c.images, 1, p.chunks, chunk);
    for (int64_t i = images.begin; i < images.end; i++) {
      const T* dz = dy + i * n;
      if (kind != ActivationKind::identity) {
        k.activation.backward(task.dz, dz, z + i * n, n, kind, T(slope));
        dz = task.dz;
      }
      const uint8_t* own = places + i * n;
      if (dbias) gemm.sum_rows(bias, dz, c.filters, n / c.filters, c.filters, true);
      if (dweight) {
        task.pair_pixels(x, i);
        task.add_weight(sums, dz, own, places + c.images * n);
      }
      if (dx) task.input(dx + i * c.rows.size * c.columns.size * c.channels, dz, own, table);
    }
  });
  if (!dweight && !dbias) return;
  gemm.sum_rows(total, partials, p.partial, p.chunks, p.partial, false);
  if (dweight) {
    write_weight(dweight, total, p);
    raise_if_not_finite(dweight, c.weights(), dweight_flag);
  }
  if (dbias) {
    std::copy_n(total + p.sums, c.filters, dbias);
    raise_if_not_finite(dbias, c.filters, dbias_flag);
  }
}

#define STRATE_INSTANTIATE(T)                                                                               \
  template bool by_winners<T>(const Convolution&, const PoolSizes&);                                        \
  template int64_t winners_workspace<T>(const Convolution&, const PoolSizes&);                              \
  template void winners_backward<T>(T*, T*, T*, const T*, const T*, const uint8_t*, const T*, const T*, T*, \
                                    Convolution, PoolSizes, ActivationKind, double, Flag*, Flag*);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)
#undef STRATE_INSTANTIATE

}  // namespace strate::cpu
