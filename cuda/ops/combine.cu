#include "ops/combine.h"

#include "cuda/core/pack.h"
#include "cuda/ops/activation.h"
#include "cuda/ops/column_sums.h"

namespace strate::cuda {
namespace {

template <CombineKind kind, class T> __device__ __forceinline__ T joined(T a, T b) {
  if constexpr (kind == CombineKind::add) return a + b;
  else return a * b;
}

// Calls f.operator()<kind, activation>().
template <class F> void with_formula(const CombineFormula& formula, F&& f) {
  with_usual_activation(formula.activation, [&]<ActivationKind activation>() {
    if (formula.kind == CombineKind::add) f.template operator()<CombineKind::add, activation>();
    else f.template operator()<CombineKind::multiply, activation>();
  });
}

template <CombineKind kind, ActivationKind activation, int V, class T>
__global__ void forward_kernel(T* y, const T* a, const T* b, int64_t n, Curve<Wide<T>> slope) {
  for_packs<V>(n, [&]<int W>(int64_t i) {
    auto p = load_pack<W>(a + i);
    const auto q = load_pack<W>(b + i);
#pragma unroll
    for (int k = 0; k < W; k++) p.at[k] = activate<activation>(joined<kind>(p.at[k], q.at[k]), slope);
    store_pack(y + i, p);
  });
}

// b (groups, columns) is the same for all rows of a group.
template <CombineKind kind, ActivationKind activation, int V, class T>
__global__ void spread_kernel(T* y, const T* a, const T* b, int64_t groups, int64_t rows, int64_t columns,
                              Curve<Wide<T>> slope) {
  const int64_t packs = columns / V;
  for_each(groups * rows * packs, [&](int64_t i) {
    const int64_t row = i / packs;
    auto p = load_pack<V>(a + i * V);
    const auto q = load_pack<V>(b + row / rows * columns + (i - row * packs) * V);
#pragma unroll
    for (int k = 0; k < V; k++) p.at[k] = activate<activation>(joined<kind>(p.at[k], q.at[k]), slope);
    store_pack(y + i * V, p);
  });
}

template <ActivationKind activation, int V, class T>
__global__ void product_backward_kernel(T* da, T* db, const T* dy, const T* y, const T* a, const T* b,
                                        int64_t n, Curve<Wide<T>> slope) {
  for_packs<V>(n, [&]<int W>(int64_t i) {
    const auto d = load_pack<W>(dy + i), out = load_pack<W>(y + i);
    auto to_a = load_pack<W>(b + i), to_b = load_pack<W>(a + i);
#pragma unroll
    for (int k = 0; k < W; k++) {
      const Wide<T> delta = activate_backward<activation>(d.at[k], out.at[k], slope);
      to_a.at[k] *= delta;
      to_b.at[k] *= delta;
    }
    store_pack(da + i, to_a);
    store_pack(db + i, to_b);
  });
}

// Writes da on the way.
template <CombineKind kind, ActivationKind activation, class T> struct AddDelta {
  T* da;
  const T *dy, *y, *a, *b;
  int64_t rows, columns;
  Curve<Wide<T>> slope;

  __device__ void operator()(double (&sums)[1], int64_t group, int64_t row, int64_t column) const {
    const int64_t i = (group * rows + row) * columns + column;
    const Wide<T> delta = activate_backward<activation>(widened(dy[i]), widened(y[i]), slope);
    if constexpr (kind == CombineKind::add) {
      da[i] = narrowed<T>(delta);
      sums[0] += double(delta);
    } else {
      da[i] = narrowed<T>(delta * widened(b[group * columns + column]));
      sums[0] += double(delta) * double(widened(a[i]));
    }
  }
};

template <class T> struct StoreSum {
  T* db;
  int64_t columns;

  __device__ void operator()(const double (&sums)[1], int64_t group, int64_t column) const {
    db[group * columns + column] = narrowed<T>(Wide<T>(sums[0]));
  }
};

template <class T> void forward(T* y, const T* a, const T* b, int64_t n, CombineFormula formula) {
  with_formula(formula, [&]<CombineKind kind, ActivationKind activation>() {
    with_packs<T>(aligned(y, a, b), [&]<int V>() {
      launch("combine_forward", forward_kernel<kind, activation, V, T>, grid_of(n / V), y, a, b, n,
             Curve<Wide<T>>{formula.activation, Wide<T>(formula.slope)});
    });
  });
}

template <class T>
void forward_spread(T* y, const T* a, const T* b, int64_t groups, int64_t rows, int64_t columns,
                    CombineFormula formula) {
  with_formula(formula, [&]<CombineKind kind, ActivationKind activation>() {
    with_packs<T>(columns % pack_width<T> == 0 && aligned(y, a, b), [&]<int V>() {
      launch("combine_forward_spread", spread_kernel<kind, activation, V, T>,
             grid_of(groups * rows * (columns / V)), y, a, b, groups, rows, columns,
             Curve<Wide<T>>{formula.activation, Wide<T>(formula.slope)});
    });
  });
}

template <class T>
void backward(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, int64_t n,
              CombineFormula formula) {
  with_usual_activation(formula.activation, [&]<ActivationKind activation>() {
    with_packs<T>(aligned(da, db, dy, y, a, b), [&]<int V>() {
      launch("combine_backward", product_backward_kernel<activation, V, T>, grid_of(n / V), da, db, dy, y, a,
             b, n, Curve<Wide<T>>{formula.activation, Wide<T>(formula.slope)});
    });
  });
}

template <class T>
void backward_spread(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, double* partials,
                     ColumnSizes s, CombineFormula formula) {
  with_formula(formula, [&]<CombineKind kind, ActivationKind activation>() {
    sum_columns<1>("combine_backward_spread", partials, s,
                   AddDelta<kind, activation, T>{da, dy, y, a, b, s.rows, s.columns,
                                                 Curve<Wide<T>>{formula.activation, Wide<T>(formula.slope)}},
                   StoreSum<T>{db, s.columns});
  });
}

template <class T> void fill_part(CombineCuda<T>& part) {
  part = {forward<T>, forward_spread<T>, backward<T>, backward_spread<T>};
}

}  // namespace

void fill(CombineCuda<float>& part) { fill_part(part); }
void fill(CombineCuda<double>& part) { fill_part(part); }
void fill(CombineCuda<bfloat16>& part) { fill_part(part); }

}  // namespace strate::cuda
