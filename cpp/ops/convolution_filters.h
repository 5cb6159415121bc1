// The weights of a convolution as its products read them, and what follows a product that takes an
// exponential.
#pragma once

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/convolution.h"
#include "ops/grid.h"

namespace strate::cpu {

// Of few filters to a group the weights are transposed, and the lanes of a register lie along the sum, if
// they are used better than lanes of filters would be; others are copied into panels, a group after the
// other, where that makes their rows denser; or they stay where they are.
template <class T> struct Filters {
  static constexpr int64_t few_outputs = 100, few_weights = 8192;  // that do not repay panels
  static constexpr int64_t most_narrow = 8;  // more filters gain nothing: registers of them are full enough

  int64_t width, filters, depth, groups;  // of a panel; of a group; the sum's terms
  bool narrow, packed;

  Filters(const Convolution& c, int64_t run)
      : filters(c.group_filters()), depth(c.depth()), groups(c.groups) {
    constexpr double folding = 5;  // what adding up the lanes of a sum takes, in multiply-adds
    const int64_t lanes = kernels<T>().gemm.lanes();
    const double along = double(registers(run) * depth) / double(std::max<int64_t>(run, 1)) + folding;
    narrow = filters <= most_narrow && 1.3 * double(filters) * along < double(depth);
    width = filters > lanes ? 2 * lanes : lanes;
    const bool sparse = filters > lanes ? c.filters > width : groups > 1;
    packed = !narrow && sparse && c.outputs() >= few_outputs && c.weights() >= few_weights;
  }

  int64_t panels() const { return parts_up(filters, width); }  // of a group
  int64_t space() const {
    return rounded(narrow ? depth * groups * filters : packed ? groups * panels() * width * depth : 0);
  }
  static int64_t registers(int64_t numbers) { return parts_up(numbers, kernels<T>().gemm.lanes()); }

  // Returns the weights as `point` takes them: in `to`, or as they are.
  const T* arrange(T* to, const T* weight) const {
    const int64_t all = groups * filters;
    const auto& gemm = kernels<T>().gemm;
    if (narrow) gemm.transpose(to, depth, weight, all, depth, all);
    if (packed)
      parallel_for(groups * panels(), double(depth * all) * 0.2, [&](int64_t panel, int) {
        const int64_t from = panel % panels() * width;
        gemm.copy(to + panel * depth * width, width, weight + panel / panels() * filters + from, all, depth,
                  std::min(width, filters - from));
      });
    return narrow || packed ? to : weight;
  }

  // B of a product with filters `from` and further of a group, from a term of the sum on; `skipped` terms are
  // left out after each row of taps.
  void point(Product<T>& p, const T* weight, int64_t group, int64_t from, int64_t term,
             int64_t skipped = 0) const {
    const int64_t filter = group * filters + from;
    p.b_row = narrow ? depth : packed ? width : groups * filters;
    p.b_panel = packed ? depth * width : 0;
    p.b = packed ? weight + (group * panels() + from / width) * p.b_panel
                 : weight + filter * (narrow ? depth : 1);
    const int64_t step = narrow ? 1 : p.b_row;
    p.b += term * step;
    p.walk.skipped = skipped * step;
  }
  void multiply(const Product<T>& p) const {
    if (narrow) kernels<T>().gemm.narrow(p);
    else kernels<T>().gemm.rows(p);
  }
};

// A second pass over what the cache still holds: `filters` of so many pixels.
template <class T>
void activate_pixels(T* y, int64_t pixels, const Convolution& c, Span filters, ActivationKind kind, T slope) {
  if (!takes_exponential(kind)) return;
  const auto& activation = kernels<T>().activation;
  if (filters.size() == c.filters) return activation.forward(y, y, pixels * c.filters, kind, slope);
  for (int64_t i = 0; i < pixels; i++) {
    T* at = y + i * c.filters + filters.begin;
    activation.forward(at, at, filters.size(), kind, slope);
  }
}

}  // namespace strate::cpu
