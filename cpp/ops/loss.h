// What the losses share: how samples are reduced, and the sum of their parts.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/parallel.h"
#include "core/tensor.h"
#include "ops/operands.h"

namespace strate {

enum class Reduction : int32_t { mean, sum };

inline Reduction reduction_of(const char* op, const std::string& name) {
  if (name == "mean") return Reduction::mean;
  check(name == "sum", op, "a reduction is mean or sum; got reduction=", name);
  return Reduction::sum;
}

using LossAndGradient = std::pair<Tensor, Tensor>;  // loss float64 (), dy

// On a GPU at most so many blocks sum, and one more adds their sums in order.
constexpr int64_t cuda_sum_blocks = 1024;

namespace cpu {

// The sum of f(begin, end) over at most 16 pieces of 0..count, cut by the problem's size and added in their
// order.
template <class F> double sum_pieces(int64_t count, int64_t elements, double work, F&& f) {
  constexpr int64_t most = 16;
  double parts[most] = {};
  const int64_t pieces = std::clamp<int64_t>(elements / 8192, 1, std::min(most, std::max<int64_t>(1, count)));
  parallel_for(pieces, work,
               [&](int64_t i, int) { parts[i] = f(count * i / pieces, count * (i + 1) / pieces); });
  double sum = 0;
  for (int64_t i = 0; i < pieces; i++) sum += parts[i];
  return sum;
}

inline void write_loss(double* loss, Flag* nonfinite, double value) {
  *loss = value;
  if (!std::isfinite(value)) nonfinite->store(true, std::memory_order_relaxed);
}

}  // namespace cpu

inline Tensor cuda_sums(int64_t more = 0) {
  return empty({cuda_sum_blocks + more}, DType::float64, Device::cuda);
}

}  // namespace strate
