#include "kernels/batch_norm.h"

#include "kernels/columns.h"
#include "simd/activation.h"

namespace strate::STRATE_ISA {
namespace {

// Sums over a block of rows of x - center and of its square become a mean and squared differences; those of
// the rows before join in (Chan, Golub and LeVeque, 1983). The center only has to be near: what it is off by
// is taken out here, in double precision.
template <class T>
STRATE_INLINE void merge(double* mean, double* squares, const T* center, const T* sum, const T* square,
                         int64_t lanes_, int64_t before, int64_t rows) {
  const double share = double(rows) / double(before + rows), weight = double(before) * share;
  for (int64_t i = 0; i < lanes_; i++) {
    const double shift = double(sum[i]) / double(rows), own = double(square[i]) - double(sum[i]) * shift;
    const double middle = double(center[i]) + shift;
    const double from = before > 0 ? mean[i] : middle, delta = middle - from;
    squares[i] = (before > 0 ? squares[i] : 0) + (own < 0 ? 0 : own) + delta * delta * weight;
    mean[i] = from + delta * share;
  }
}

// The first block looks for its own center, in an extra pass while it is in cache; later blocks take the mean
// of the rows before. A block that lies far from those loses digits of its own squares, but its distance,
// which is exact, then outweighs them.
template <class T>
void moments(double* mean, double* squares, const T* x, int64_t row, int64_t rows, int64_t columns) {
  for_blocks(rows, [&](int64_t from, int64_t n) {
    for_columns<T, 4>(columns, [&]<int count, bool partial>(int64_t c, First<T> f) {
      constexpr int width = count * lanes<T>;
      const T* block = x + from * row + c;
      alignas(register_bytes) T centers[width] = {}, sums[width], square_sums[width];
      Vec<T> center[count], sum[count], square[count];
      const int64_t used = partial ? columns - c : width;
      if (from == 0) {
        for (int k = 0; k < count; k++) sum[k] = zero<T>();
        for (int64_t r = 0; r < n; r++)
          for (int k = 0; k < count; k++) sum[k] += load_first<T, partial>(block + r * row + k * lanes<T>, f);
        for (int k = 0; k < count; k++) store<T>(centers + k * lanes<T>, sum[k] * broadcast<T>(T(1) / T(n)));
      } else {
        for (int64_t i = 0; i < used; i++) centers[i] = T(mean[c + i]);
      }
      for (int k = 0; k < count; k++) {
        center[k] = load(centers + k * lanes<T>);
        sum[k] = square[k] = zero<T>();
      }
      for (int64_t r = 0; r < n; r++)
        for (int k = 0; k < count; k++) {
          const Vec<T> d = load_first<T, partial>(block + r * row + k * lanes<T>, f) - center[k];
          sum[k] += d;
          square[k] = fmadd(d, d, square[k]);
        }
      for (int k = 0; k < count; k++) {
        store<T>(sums + k * lanes<T>, sum[k]);
        store<T>(square_sums + k * lanes<T>, square[k]);
      }
      merge(mean + c, squares + c, centers, sums, square_sums, used, from, n);
    });
  });
}

// f<rows>(row) for rows in fours, then one by one: the terms of a column are read once for each.
template <class F> STRATE_INLINE void for_fours(int64_t rows, F f) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) f.template operator()<4>(r);
  for (; r < rows; r++) f.template operator()<1>(r);
}

template <ActivationKind kind, class T>
STRATE_INLINE void forward_of(T* y, const T* x, NormTerms<T> t, int64_t rows, int64_t columns, T slope) {
  for_fours(rows, [&]<int n>(int64_t r) {
    for_columns<T, 1>(columns, [&]<int, bool partial>(int64_t c, First<T> f) {
      const Vec<T> center = load_first<T, partial>(t.center + c, f),
                   scale = load_first<T, partial>(t.scale + c, f),
                   offset = load_first<T, partial>(t.offset + c, f);
      for (int64_t i = r * columns + c, k = 0; k < n; k++, i += columns) {
        const Vec<T> z = fmadd(load_first<T, partial>(x + i, f) - center, scale, offset);
        store_first<T, partial>(y + i, activate<kind, T>(z, slope), f);
      }
    });
  });
}

template <class T>
void forward(T* y, const T* x, NormTerms<T> terms, int64_t rows, int64_t columns, ActivationKind kind,
             T slope) {
  with_short_activation(kind, [&]<ActivationKind k>() { forward_of<k>(y, x, terms, rows, columns, slope); });
}

// dz = dy g'(z). z comes from x once more, which is read in any case: y is neither kept nor read.
template <ActivationKind kind, class T>
STRATE_INLINE Vec<T> through_activation(Vec<T> dy, Vec<T> difference, Vec<T> scale, Vec<T> offset, T slope) {
  if constexpr (kind == ActivationKind::identity) return dy;
  const Vec<T> y = activate<kind, T>(fmadd(difference, scale, offset), slope);
  return activate_backward<kind, T>(dy, y, slope);
}

template <ActivationKind kind, class T>
STRATE_INLINE void sums_of(double* total, double* product, const T* dy, const T* x, NormTerms<T> t,
                           int64_t row, int64_t rows, int64_t columns, T slope) {
  for (int64_t c = 0; c < columns; c++) total[c] = product[c] = 0;
  for_blocks(rows, [&](int64_t from, int64_t n) {
    for_columns<T, 2>(columns, [&]<int count, bool partial>(int64_t c, First<T> f) {
      Vec<T> center[count], scale[count], offset[count], sum[count], products[count];
      for (int k = 0; k < count; k++) {
        const int64_t at = c + k * lanes<T>;
        center[k] = load_first<T, partial>(t.center + at, f);
        scale[k] = load_first<T, partial>(t.scale + at, f);
        offset[k] = load_first<T, partial>(t.offset + at, f);
        sum[k] = products[k] = zero<T>();
      }
      for (int64_t r = from; r < from + n; r++)
        for (int k = 0; k < count; k++) {
          const int64_t at = r * row + c + k * lanes<T>;
          const Vec<T> d = load_first<T, partial>(x + at, f) - center[k];
          const Vec<T> dz =
              through_activation<kind, T>(load_first<T, partial>(dy + at, f), d, scale[k], offset[k], slope);
          sum[k] += dz;
          products[k] = fmadd(dz, d, products[k]);
        }
      for (int k = 0; k < count; k++) {
        const int64_t at = c + k * lanes<T>;
        add_lanes<T>(total + at, sum[k], columns - at);
        add_lanes<T>(product + at, products[k], columns - at);
      }
    });
  });
}

template <class T>
void sums(double* total, double* product, const T* dy, const T* x, NormTerms<T> terms, int64_t row,
          int64_t rows, int64_t columns, ActivationKind kind, T slope) {
  with_short_activation(
      kind, [&]<ActivationKind k>() { sums_of<k>(total, product, dy, x, terms, row, rows, columns, slope); });
}

template <ActivationKind kind, bool by_batch, class T>
STRATE_INLINE void backward_of(T* dx, const T* dy, const T* x, NormTerms<T> t, int64_t rows, int64_t columns,
                               T slope) {
  for_fours(rows, [&]<int n>(int64_t r) {
    for_columns<T, 1>(columns, [&]<int, bool partial>(int64_t c, First<T> f) {
      const auto term = [&](const T* p)
                            __attribute__((always_inline)) { return load_first<T, partial>(p + c, f); };
      const Vec<T> center = term(t.center), scale = term(t.scale), offset = term(t.offset);
      const Vec<T> dz_factor = term(t.dz_factor);
      Vec<T> x_factor = zero<T>(), constant = zero<T>();
      if constexpr (by_batch) x_factor = term(t.x_factor), constant = term(t.constant);
      for (int64_t i = r * columns + c, k = 0; k < n; k++, i += columns) {
        const Vec<T> d = load_first<T, partial>(x + i, f) - center;
        const Vec<T> dz =
            through_activation<kind, T>(load_first<T, partial>(dy + i, f), d, scale, offset, slope);
        Vec<T> v = dz * dz_factor;
        if constexpr (by_batch) v += fmadd(d, x_factor, constant);
        store_first<T, partial>(dx + i, v, f);
      }
    });
  });
}

template <class T>
void backward(T* dx, const T* dy, const T* x, NormTerms<T> terms, int64_t rows, int64_t columns,
              ActivationKind kind, T slope) {
  with_short_activation(kind, [&]<ActivationKind k>() {
    if (terms.x_factor) backward_of<k, true>(dx, dy, x, terms, rows, columns, slope);
    else backward_of<k, false>(dx, dy, x, terms, rows, columns, slope);
  });
}

template <class T>
void scale(T* to, const T* from, const T* factor, int64_t outer, int64_t channels, int64_t inner) {
  for (int64_t o = 0; o < outer; o++)
    if (inner == 1) {
      for_columns<T, 1>(channels, [&]<int, bool partial>(int64_t c, First<T> f) {
        const int64_t i = o * channels + c;
        store_first<T, partial>(
            to + i, load_first<T, partial>(from + i, f) * load_first<T, partial>(factor + c, f), f);
      });
    } else {
      for (int64_t c = 0; c < channels; c++)
        for_columns<T, 1>(inner, [&]<int, bool partial>(int64_t j, First<T> f) {
          const int64_t i = (o * channels + c) * inner + j;
          store_first<T, partial>(to + i, load_first<T, partial>(from + i, f) * broadcast<T>(factor[c]), f);
        });
    }
}

template <class T> void fill_part(BatchNormKernels<T>& k) {
  k.moments = moments<T>;
  k.forward = forward<T>;
  k.sums = sums<T>;
  k.backward = backward<T>;
  k.scale = scale<T>;
}

}  // namespace

void fill(BatchNormKernels<float>& k) { fill_part(k); }
void fill(BatchNormKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
