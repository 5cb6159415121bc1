// Cross-entropy over rows: the loss of rows [begin, end), summed in double precision in their order, and its
// gradient.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

// Row r has the target a = class_weight * ((1 - smoothing) t + smoothing / classes), where t is the one-hot
// row of its label or the given probabilities. J = -sum(a log yhat).
template <class T> struct CrossEntropyRows {
  T* dy;
  const T* y;          // logits, or probabilities
  const void* labels;  // integers of label_bytes (1: unsigned, 4, 8: signed), or null
  int64_t label_bytes;
  const T* probabilities;  // where there are no labels
  const T* class_weight;   // or null: all ones
  int64_t classes;
  int64_t ignored;     // this label gives no loss and no gradient
  T smoothing, scale;  // the gradient is multiplied by scale
  T background;        // logit of one more class, which no row belongs to; -infinity: there is none
};

template <class T> struct CrossEntropyKernels {
  double (*from_logits)(const CrossEntropyRows<T>& rows, int64_t begin, int64_t end);
  double (*from_probabilities)(const CrossEntropyRows<T>& rows, int64_t begin, int64_t end);

  template <class F> static void list(F&& visit) {
    visit("cross_entropy.from_logits", member<&CrossEntropyKernels::from_logits>);
    visit("cross_entropy.from_probabilities", member<&CrossEntropyKernels::from_probabilities>);
  }
};

}  // namespace strate
