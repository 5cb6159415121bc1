// A band of output rows, a column of taps at a time: all outputs of a row that see it inside the image are
// one product, and the columns' products add up. For rows most of whose outputs lie at an edge, which other
// products would take few by few, each with taps of its own.
#pragma once

#include <algorithm>

#include "ops/convolution_bands.h"
#include "ops/product.h"

namespace strate::cpu {

// Cycles of the products of one row of outputs, of all groups: of their terms, what it takes to go on to the
// next run of terms, to write a register of results, and to call.
template <class T> struct RowCost {
  static constexpr double run = 12, result = 2, call = 100;
  const Convolution& c;
  const Filters<T>& filters;
  double taps_down = double(all_inside(c.rows)) / double(std::max<int64_t>(c.rows.out, 1));

  double product(int64_t pixels, double taps, double runs) const {
    const int64_t registers = filters.registers(filters.filters);
    const double terms = taps * double(c.group_channels()) * term_cycles(pixels, registers);
    const double going_on = runs * run * double(parts_up(pixels, row_unit) * filters.panels());
    return double(c.groups) *
           (terms + going_on + result * double(pixels * registers) + call * double(filters.panels()));
  }
  double runs(double taps_across) const { return taps_down * (c.contiguous() ? 1 : taps_across); }

  double by_columns() const {
    double sum = double(c.columns.out) * (10 + 2 * double(filters.registers(c.filters)));
    for (int64_t v = 0; v < c.columns.kernel; v++)
      if (const Span outputs = outputs_of_tap(c.columns, v, {0, c.columns.size}); outputs.size() > 0)
        sum += product(outputs.size(), taps_down, taps_down);
    return sum;
  }
  // Of bands of `rows` rows, the longer side of a block of outputs that see the same taps first.
  double by_blocks(int64_t rows) const {
    double sum = 0;
    for_same_taps(c.columns, {0, c.columns.out}, [&](const SameTaps& block) {
      const int64_t across = block.outputs.size();
      const double taps = double(block.taps.count);
      if (across < 8 && across < rows)
        sum += product(rows, taps_down * taps, runs(taps)) * double(across) / double(rows);
      else sum += product(across, taps_down * taps, runs(taps));
    });
    return sum;
  }
  double copied(int64_t rows) const {
    const double copying = double(band_rows(c, rows) * band_row(c)) / double(rows);
    return product(c.columns.out, double(c.taps()), runs(double(c.columns.kernel))) + copying;
  }
};

// Products of few filters are left as they are: their lanes lie along the sum.
template <class T>
bool takes_columns(const Convolution& c, const Filters<T>& filters, int64_t rows, bool copied) {
  if (!c.columns.padded() || filters.narrow || c.columns.out == 0) return false;
  const RowCost<T> cost{c, filters};
  return cost.by_columns() < 0.8 * (copied ? cost.copied(rows) : cost.by_blocks(rows));
}

// An activation that takes an exponential is left to the caller.
template <class T>
void columns_band(const Forward<T>& f, const Filters<T>& weights, const Seen<T>& s, T* y, Span filters) {
  const Convolution& c = f.c;
  const auto& finish = kernels<T>().conv2d.finish;
  const ActivationKind kind = takes_exponential(f.activation) ? ActivationKind::identity : f.activation;
  const int64_t gc = c.group_channels(), gf = c.group_filters(), kernel = c.columns.kernel;
  const auto product = [&](T* to, const T* from, const SameTaps& rows, int64_t v, Span outputs,
                           int64_t filter, int64_t end) {
    const int64_t g = filter / gf;
    const int64_t first = outputs.begin * c.columns.stride - c.columns.before + v * c.columns.dilation;
    Product<T> p{to + outputs.begin * c.filters + filter, from + first * c.channels + g * gc, nullptr};
    p.m = outputs.size();
    p.n = end - filter;
    p.c_row = c.filters;
    p.a_row = c.columns.stride * c.channels;
    p.walk.outer = rows.taps.count;
    p.walk.outer_step = c.rows.dilation * s.row;
    p.walk.length = gc;
    weights.point(p, f.weight, g, filter - g * gf, (rows.taps.first * kernel + v) * gc, (kernel - 1) * gc);
    p.accumulate = true;
    weights.multiply(p);
  };
  for_same_taps(s.rows, s.outputs, [&](const SameTaps& rows) {
    for (int64_t i = 0; i < rows.outputs.size(); i++) {
      T* to = y + (rows.outputs.begin + i - s.outputs.begin) * c.columns.out * c.filters;
      const T* from = s.data + (rows.taps.at + i * c.rows.stride) * s.row;
      for (int64_t j = 0; j < c.columns.out; j++)
        std::fill_n(to + j * c.filters + filters.begin, filters.size(), T(0));
      for (int64_t filter = filters.begin, end; filter < filters.end; filter = end) {
        end = std::min(filters.end, (filter / gf + 1) * gf);
        for (int64_t v = 0; v < kernel; v++)
          if (const Span outputs = outputs_of_tap(c.columns, v, {0, c.columns.size}); outputs.size() > 0)
            product(to, from, rows, v, outputs, filter, end);
      }
      for (int64_t j = 0; j < c.columns.out; j++)
        finish(to + j * c.filters + filters.begin, f.bias ? f.bias + filters.begin : nullptr, 1,
               filters.size(), kind, f.slope);
    }
  });
}

}  // namespace strate::cpu
