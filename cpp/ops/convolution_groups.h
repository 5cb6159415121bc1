// Small groups, of which several are taken together as if they were one: their channels and filters fill a
// register that would be mostly empty, and inner loops are longer. It costs nothing as long as they fill no
// second register. Forward and in the gradient of the input, weights between the groups are zero; in that of
// the weights, what one group's x and another's dz give is left out of the result.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/dispatch.h"
#include "ops/convolution.h"
#include "ops/finite.h"
#include "ops/grid.h"

namespace strate::cpu {

// How many: a divisor of the groups, with so many channels and filters at most.
template <class T>
int64_t groups_together(const Convolution& c, int64_t most_channels, int64_t most_filters) {
  if (c.groups == 1 || convolution_way<T>(c) == ConvolutionWay::depthwise) return 1;
  int64_t n = std::min({c.groups, most_channels / c.group_channels(), most_filters / c.group_filters()});
  while (n > 1 && c.groups % n != 0) n--;
  return std::max<int64_t>(n, 1);
}

// In each direction. Forward, what lies in memory is better read once than by one group after the other: up
// to four of them are taken together, if not too many channels meet weights that are zero.
template <class T> int64_t forward_groups(const Convolution& c) {
  constexpr int64_t in_memory = 24 << 20;  // bytes, beyond most third-level caches
  const int64_t lanes = kernels<T>().gemm.lanes(), channels = c.group_channels();
  if (2 * channels < lanes) return groups_together<T>(c, lanes, lanes);
  if (c.inputs() * int64_t(sizeof(T)) < in_memory) return 1;
  const int64_t some = groups_together<T>(c, std::min<int64_t>(4 * channels, 128), lanes);
  if (2 * some * c.group_filters() >= lanes) return some;
  return groups_together<T>(c, std::min<int64_t>(4 * channels, 64), lanes);
}
template <class T> int64_t input_groups(const Convolution& c) {
  return groups_together<T>(c, kernels<T>().gemm.lanes(), c.filters);
}
template <class T> int64_t weight_groups(const Convolution& c) {
  const int64_t lanes = kernels<T>().gemm.lanes();  // a second register repays itself where sums are one long
  return groups_together<T>(c, 64, c.group_channels() == 1 ? 2 * lanes : lanes);
}

inline Convolution merged(const Convolution& c, int64_t together) {
  Convolution wide = c;
  wide.groups = c.groups / together;
  if (c.choice == ConvolutionChoice::automatic) wide.choice = ConvolutionChoice::direct;
  return wide;
}

// Calls f(at, wide_at, count) for the weights of each group: where they lie in those of c and of `wide`.
template <class F> void each_group(const Convolution& c, const Convolution& wide, F&& f) {
  const int64_t gc = c.group_channels(), gf = c.group_filters(), together = c.groups / wide.groups;
  for (int64_t tap = 0; tap < c.taps(); tap++)
    for (int64_t i = 0; i < gc; i++)
      for (int64_t g = 0; g < c.groups; g++)
        f((tap * gc + i) * c.filters + g * gf,
          ((tap * together + g % together) * gc + i) * c.filters + g * gf, gf);
}

template <class T>
void take_apart(T* weight, const T* wide_weight, const Convolution& c, const Convolution& wide) {
  each_group(c, wide, [&](int64_t at, int64_t wide_at, int64_t count) {
    std::memcpy(weight + at, wide_weight + wide_at, size_t(count) * sizeof(T));
  });
}
template <class T>
void put_together(T* wide_weight, const T* weight, const Convolution& c, const Convolution& wide) {
  std::memset(wide_weight, 0, size_t(wide.weights()) * sizeof(T));
  each_group(c, wide, [&](int64_t at, int64_t wide_at, int64_t count) {
    std::memcpy(wide_weight + wide_at, weight + at, size_t(count) * sizeof(T));
  });
}

// A side of a convolution and its numbers.
template <class T> struct Numbers {
  const T* data;
  int64_t count;

  bool finite() const {
    Flag all{true};
    all_finite(&all, data, count, double(count) * 0.1);
    return all;
  }
};

// f(wide, wide_weight, workspace) computes `to` from `from` with several groups together, if they are more
// than one; says whether that is the result. Zero times what is not finite would be NaN in other groups: the
// smaller of the two is looked through.
template <class T, class F>
bool with_groups_together(const Convolution& c, int64_t together, Numbers<T> from, Numbers<T> to,
                          const T* weight, T* workspace, F&& f) {
  if (together == 1) return false;
  const bool before = from.count <= to.count;
  if (before && !from.finite()) return false;
  const Convolution wide = merged(c, together);
  put_together(workspace, weight, c, wide);
  f(wide, workspace, workspace + rounded(wide.weights()));
  return before || to.finite();
}

// Elements of workspace: `own` without, or what f and its weights need.
template <class F>
int64_t space_with_groups(const Convolution& c, int64_t together, int64_t own, F&& space_of) {
  if (together == 1) return own;
  const Convolution wide = merged(c, together);
  return std::max(own, rounded(wide.weights()) + space_of(wide));
}

}  // namespace strate::cpu
