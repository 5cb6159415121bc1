// What the losses share: how the sum of their parts becomes the loss, and those that compare output and
// target number by number.
#pragma once

#include <cmath>

#include "cuda/core/pack.h"
#include "cuda/ops/sums.h"

namespace strate::cuda {

// factor times the sum of n sums; raises the flag where that is not finite.
void write_loss(double* loss, Flag* nonfinite, const double* sums, int64_t n, double factor);

struct Term {
  double value, slope;
};

// In double precision, as on the CPU: differences of floats are exact there and their squares do not
// overflow.
template <int V, class T, class F>
__global__ void terms_kernel(double* sums, T* dy, const T* y, const T* target, int64_t n, F term,
                             double scale) {
  double sum = 0;
  for_packs<V>(n, [&]<int W>(int64_t i) {
    const Pack<T, W> a = load_pack<W>(y + i), b = load_pack<W>(target + i);
    Pack<T, W> d;
#pragma unroll
    for (int k = 0; k < W; k++) {
      const Term now = term(double(a.at[k]), double(b.at[k]));
      sum += now.value;
      d.at[k] = T(now.slope * scale);
    }
    store_pack(dy + i, d);
  });
  leave_sum(sums, sum);
}

// loss = factor * sum of term(y, target).value, dy = scale * its slope.
template <class T, class F>
void sum_terms(const char* name, double* loss, Flag* nonfinite, double* sums, T* dy, const T* y,
               const T* target, int64_t n, F term, double scale, double factor) {
  with_packs<T>(aligned(dy, y, target), [&]<int V>() {
    const Grid grid = sum_grid(n / V);
    launch(name, terms_kernel<V, T, F>, grid, sums, dy, y, target, n, term, scale);
    write_loss(loss, nonfinite, sums, int64_t(grid.blocks.x), factor);
  });
}

}  // namespace strate::cuda
