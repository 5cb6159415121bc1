#include "kernels/global_average_pool2d.h"

#include "kernels/columns.h"

namespace strate::STRATE_ISA {
namespace {

// Two rows at a time: eight sums wait for no other.
template <class T> void sum(double* total, const T* x, int64_t rows, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) total[c] = 0;
  for_blocks(rows, [&](int64_t from, int64_t n) {
    for_columns<T, 4>(channels, [&]<int count, bool partial>(int64_t c, First<T> f) {
      const T* p = x + from * channels + c;
      Vec<T> even[count], odd[count];
      for (int k = 0; k < count; k++) even[k] = odd[k] = zero<T>();
      int64_t r = 0;
      for (; r + 2 <= n; r += 2, p += 2 * channels)
        for (int k = 0; k < count; k++) {
          even[k] += load_first<T, partial>(p + k * lanes<T>, f);
          odd[k] += load_first<T, partial>(p + channels + k * lanes<T>, f);
        }
      for (int k = 0; k < count; k++) {
        if (r < n) even[k] += load_first<T, partial>(p + k * lanes<T>, f);
        add_lanes<T>(total + c + k * lanes<T>, even[k] + odd[k], channels - c - k * lanes<T>);
      }
    });
  });
}

template <class T> void spread(T* dx, const T* dy, int64_t rows, int64_t channels, T share_) {
  const Vec<T> share = broadcast<T>(share_);
  for_columns<T, 4>(channels, [&]<int count, bool partial>(int64_t c, First<T> f) {
    Vec<T> d[count];
    for (int k = 0; k < count; k++) d[k] = load_first<T, partial>(dy + c + k * lanes<T>, f) * share;
    for (int64_t r = 0; r < rows; r++)
      for (int k = 0; k < count; k++) store_first<T, partial>(dx + r * channels + c + k * lanes<T>, d[k], f);
  });
}

template <class T> void fill_part(GlobalAveragePool2dKernels<T>& k) {
  k.sum = sum<T>;
  k.spread = spread<T>;
}

}  // namespace

void fill(GlobalAveragePool2dKernels<float>& k) { fill_part(k); }
void fill(GlobalAveragePool2dKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
