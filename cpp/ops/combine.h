// Two tensors into one: y = g(a + b) or y = g(a b), number by number, g an elementwise activation.
// Derivative, with d = g'(y) dy: da = db = d, or da = d b and db = d a. da and db are overwritten; for a sum
// without activation they are dy itself. Shapes: a, y, da, dy (N, ..., C); b, db the same, or (N, 1, ..., 1,
// C): one number for each map, which is spread over the map's positions, and whose db is summed over them.
// Saved for backward: y; for a product a and b too.
#pragma once

#include <string>
#include <utility>

#include "kernels/combine.h"
#include "ops/activation.h"

namespace strate {

struct Combine {
  Combine(const std::string& kind, const Activation&);  // "add" or "multiply"; any activation but softmax

  CombineKind kind;
  Activation activation;
};

const char* combine_name(CombineKind);

Tensor combine_forward(const Tensor& a, const Tensor& b, const Combine&);
// a and b may be without memory for a sum; `b_shape` says what was spread.
std::pair<Tensor, Tensor> combine_backward(const Tensor& dy, const Tensor& y, const Tensor& a,
                                           const Tensor& b, const Shape& b_shape, const Combine&);
double combine_work(const Tensor& y);  // nanoseconds on one thread

}  // namespace strate
