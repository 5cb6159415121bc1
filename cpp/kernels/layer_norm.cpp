#include "kernels/layer_norm.h"

#include "kernels/columns.h"
#include "kernels/softmax_row.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> STRATE_INLINE double row_sum(const T* x, int64_t n) {
  RowSum<T> sum;
  for_row(x, n, [&](Vec<T> v, int64_t i, int64_t) { sum.add(v, i); });
  return double(sum.value()[0]);
}

// xhat = (x - center) inverse - rest: the mean in double precision is center and a small rest, so that a mean
// far from zero costs no digits.
template <class T> struct Normalizer {
  Vec<T> center, inverse, rest;

  __attribute__((always_inline)) Normalizer(double mean, double inverse_)
      : center(broadcast<T>(T(mean))),
        inverse(broadcast<T>(T(inverse_))),
        rest(broadcast<T>(T((mean - double(T(mean))) * inverse_))) {}
  __attribute__((always_inline)) Vec<T> operator()(Vec<T> x) const {
    return fmadd(x - center, inverse, -rest);
  }
};

// The mean is near first, then what it is off by is taken out of sum and squares in double precision.
template <class T> STRATE_INLINE void row_moments(double* mean, double* variance, const T* x, int64_t n) {
  const T near = T(row_sum(x, n) / double(n));
  const Vec<T> center = broadcast<T>(near);
  RowSum<T> sum, squares;
  for_row(x, n, [&](Vec<T> v, int64_t i, int64_t count) {
    Vec<T> d = v - center;
    if (count < lanes<T>) d = select<T>(first_lanes<T>(count), d, zero<T>());
    sum.add(d, i);
    squares.add(d * d, i);
  });
  const double shift = double(sum.value()[0]) / double(n);
  const double own = double(squares.value()[0]) / double(n) - shift * shift;
  *mean = double(near) + shift;
  *variance = own < 0 ? 0 : own;
}

template <class T>
void forward(T* y, double* statistics, const T* x, const T* gamma, const T* beta, int64_t rows,
             int64_t length, double epsilon) {
  for (int64_t r = 0; r < rows; r++, x += length, y += length, statistics += 2) {
    double variance;
    row_moments(statistics, &variance, x, length);
    statistics[1] = 1 / __builtin_sqrt(variance + epsilon);
    const Normalizer<T> normalized(statistics[0], statistics[1]);
    for_row(x, length, [&](Vec<T> v, int64_t i, int64_t count) {
      Vec<T> z = normalized(v);
      if (gamma) z *= load_row(gamma + i, count);
      if (beta) z += load_row(beta + i, count);
      store_row<T>(y + i, z, count);
    });
  }
}

// dx = inverse (d - mean(d) - xhat mean(d xhat)), d = dy gamma. Lanes behind the row have d = 0.
template <class T>
void backward(T* dx, const T* dy, const T* x, const double* statistics, const T* gamma, int64_t rows,
              int64_t length) {
  for (int64_t r = 0; r < rows; r++, dx += length, dy += length, x += length, statistics += 2) {
    const Normalizer<T> normalized(statistics[0], statistics[1]);
    RowSum<T> sum, products;
    const auto gradient = [&](int64_t i, int64_t count) __attribute__((always_inline)) {
      const Vec<T> d = load_row(dy + i, count);
      return gamma ? d * load_row(gamma + i, count) : d;
    };
    for_row(x, length, [&](Vec<T> v, int64_t i, int64_t count) {
      const Vec<T> d = gradient(i, count);
      sum.add(d, i);
      products.add(d * normalized(v), i);
    });
    const Vec<T> share = broadcast<T>(T(1 / double(length)));
    const Vec<T> mean = sum.value() * share, slope = products.value() * share;
    for_row(x, length, [&](Vec<T> v, int64_t i, int64_t count) {
      const Vec<T> d = gradient(i, count) - mean;
      store_row<T>(dx + i, fmadd(-normalized(v), slope, d) * normalized.inverse, count);
    });
  }
}

template <class T>
void sums(double* total, double* product, const T* dy, const T* x, const double* statistics, int64_t rows,
          int64_t length) {
  for_blocks(rows, [&](int64_t from, int64_t n) {
    for_columns<T, 4>(length, [&]<int count, bool partial>(int64_t c, First<T> f) {
      Vec<T> sum[count], products[count];
      for (int k = 0; k < count; k++) sum[k] = products[k] = zero<T>();
      for (int64_t r = from; r < from + n; r++) {
        const Normalizer<T> normalized(statistics[2 * r], statistics[2 * r + 1]);
        for (int k = 0; k < count; k++) {
          const int64_t at = r * length + c + k * lanes<T>;
          const Vec<T> d = load_first<T, partial>(dy + at, f);
          sum[k] += d;
          products[k] = fmadd(d, normalized(load_first<T, partial>(x + at, f)), products[k]);
        }
      }
      for (int k = 0; k < count; k++) {
        const int64_t at = c + k * lanes<T>;
        add_lanes<T>(total + at, sum[k], length - at);
        add_lanes<T>(product + at, products[k], length - at);
      }
    });
  });
}

template <class T> void fill_part(LayerNormKernels<T>& k) {
  k.forward = forward<T>;
  k.backward = backward<T>;
  k.sums = sums<T>;
}

}  // namespace

void fill(LayerNormKernels<float>& k) { fill_part(k); }
void fill(LayerNormKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
