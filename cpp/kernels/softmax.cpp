#include "kernels/softmax.h"

#include "kernels/softmax_row.h"

namespace strate::STRATE_ISA {
namespace {

// One row after the other: it stays in the first cache between its three passes.
template <class T> void forward(T* y, const T* x, int64_t rows, int64_t length) {
  for (int64_t r = 0; r < rows; r++, y += length, x += length) {
    const Vec<T> factor = broadcast<T>(1) / row_exp<T>(y, x, length, row_max<T>(x, length));
    for_row(y, length, [&](Vec<T> e, int64_t i, int64_t count) { store_row<T>(y + i, e * factor, count); });
  }
}

// dx = y (dy - sum(dy y)).
template <class T> void backward(T* dx, const T* dy, const T* y, int64_t rows, int64_t length) {
  for (int64_t r = 0; r < rows; r++, dx += length, dy += length, y += length) {
    RowSum<T> sum;
    for_row(y, length, [&](Vec<T> v, int64_t i, int64_t count) { sum.add(v * load_row(dy + i, count), i); });
    const Vec<T> mean = sum.value();
    for_row(y, length, [&](Vec<T> v, int64_t i, int64_t count) {
      store_row<T>(dx + i, v * (load_row(dy + i, count) - mean), count);
    });
  }
}

template <class T> void fill_part(SoftmaxKernels<T>& k) {
  k.forward = forward<T>;
  k.backward = backward<T>;
}

}  // namespace

void fill(SoftmaxKernels<float>& k) { fill_part(k); }
void fill(SoftmaxKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
