// Cross-entropy of C classes. A row's target is t: one-hot at its label, or given probabilities. With class
// weights w and smoothing e, a_c = w_c ((1 - e) t_c + e / C) and J = -sum_c a_c log(yhat_c), averaged or
// summed over the rows. The average divides by the rows' weights: sum of w_c t_c over all rows where there
// are class weights, else the number of rows. Rows whose label is ignore_index count for nothing.
//   from_logits: yhat = softmax(y), computed as log(yhat_c) = y_c - m - log(sum_j e^(y_j - m)), so that the
//   loss is finite for logits of any size; dy_c = (yhat_c sum(a) - a_c) / weights, which is (yhat - t) / rows
//   in the plain case. otherwise: yhat = y; dy_c = -a_c / y_c / weights.
// background: one more logit b, of a class that no row belongs to and that has no output: it counts in the
// sum over j alone, so that all classes of a row can be improbable. From logits only. A class with a_c = 0
// costs nothing. dy is overwritten. Shapes: y, dy (..., C); target labels (...) uint8, int32 or int64, or
// probabilities (..., C) of y's type; class_weight (C); loss float64 (), summed in double precision; 0, with
// a gradient of 0, where there is nothing to average.
#pragma once

#include <limits>
#include <optional>

#include "kernels/cross_entropy.h"
#include "ops/loss.h"

namespace strate {

constexpr int64_t nothing_ignored = std::numeric_limits<int64_t>::min();

struct CrossEntropy {
  Tensor class_weight;  // or none
  double smoothing = 0;
  std::optional<int64_t> ignore_index;
  bool from_logits = true;
  std::optional<double> background;
  Reduction reduction = Reduction::mean;
};

LossAndGradient cross_entropy(const Tensor& y, const Tensor& target, const CrossEntropy&);
bool are_labels(const Tensor& target, int64_t classes);  // int64 in the host's memory, each 0 <= t < classes
double cross_entropy_work(const Tensor& y);              // nanoseconds on one thread

// sums has cuda_sum_blocks + 1 places. A label that is no class, which a captured step does not check, makes
// the loss NaN.
template <class T> struct CrossEntropyCuda {
  void (*loss)(double* loss, Flag* nonfinite, double* sums, CrossEntropyRows<T> rows, int64_t count,
               bool from_logits, Reduction);
};

}  // namespace strate
