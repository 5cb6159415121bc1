// The weights of a convolution in panels of filters, a group after the other, in the order in which products
// read them; and what follows a product that takes an exponential.
#pragma once

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/convolution.h"
#include "ops/grid.h"

namespace strate::cpu {

template <class T> struct WeightPanels {
  static constexpr int64_t few_outputs = 256, few_weights = 8192;  // that do not repay the copy

  int64_t width, filters, depth, groups;  // of a panel; of a group; the sum's terms
  bool packed;                            // else weights stay where they are

  explicit WeightPanels(const Convolution& c)
      : width(2 * kernels<T>().gemm.lanes()),
        filters(c.group_filters()),
        depth(c.depth()),
        groups(c.groups),
        packed(c.filters > width && c.outputs() >= few_outputs && c.weights() >= few_weights) {}

  int64_t count() const { return parts_up(filters, width); }  // of a group
  int64_t space() const { return packed ? groups * count() * width * depth : 0; }

  // Returns the weights as `point` takes them: in `to`, or as they are.
  const T* pack(T* to, const T* weight, const Convolution& c) const {
    if (!packed) return weight;
    parallel_for(groups * count(), double(c.weights()) * 0.2, [&](int64_t panel, int) {
      const int64_t from = panel % count() * width;
      kernels<T>().gemm.copy(to + panel * depth * width, width, weight + panel / count() * filters + from,
                             c.filters, depth, std::min(width, filters - from));
    });
    return to;
  }

  // B of a product with filters `from` and further of a group, from a term of the sum on.
  void point(Product<T>& p, const T* weight, int64_t group, int64_t from, int64_t term) const {
    p.b_row = packed ? width : groups * filters;
    p.b_panel = packed ? depth * width : 0;
    p.b = packed ? weight + (group * count() + from / width) * p.b_panel : weight + group * filters + from;
    p.b += term * p.b_row;
  }
};

// A second pass over what the cache still holds: `filters` of so many pixels.
template <class T>
void activate_pixels(T* y, int64_t pixels, const Convolution& c, Span filters, ActivationKind kind, T slope) {
  if (kind < ActivationKind::sigmoid || kind == ActivationKind::softmax) return;
  const auto& activation = kernels<T>().activation;
  if (filters.size() == c.filters) return activation.forward(y, y, pixels * c.filters, kind, slope);
  for (int64_t i = 0; i < pixels; i++) {
    T* at = y + i * c.filters + filters.begin;
    activation.forward(at, at, filters.size(), kind, slope);
  }
}

}  // namespace strate::cpu
