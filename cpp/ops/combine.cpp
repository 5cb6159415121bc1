#include "ops/combine.h"

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "combine";
constexpr const char* kind_names[] = {"add", "multiply"};
constexpr int64_t maps_per_task = 64;  // a few cache lines of each row

struct Sizes {
  int64_t images, positions, maps;
  bool spread;
};

CombineKind kind_of(const std::string& name) {
  for (int i = 0; i < 2; i++)
    if (name == kind_names[i]) return CombineKind(i);
  fail_value(op, "a kind is add or multiply; got kind=", name);
}

CombineFormula formula_of(const Combine& c) { return {c.kind, c.activation.kind, c.activation.slope}; }

bool spreads(const Shape& a, const Shape& b) {
  if (a.rank != b.rank || a.rank < 3 || a[0] != b[0] || a[-1] != b[-1]) return false;
  for (int axis = 1; axis < b.rank - 1; axis++)
    if (b[axis] != 1) return false;
  return true;
}

Sizes sizes_of(const Shape& a, const Shape& b) {
  const bool spread = !(a == b);
  check(!spread || spreads(a, b), op, "b has the shape of a, or one number for each map, (N, 1, ..., 1, C); ",
        "got a=", a, ", b=", b);
  if (!spread) return {1, 1, a.count(), false};
  Sizes s = {a[0], 1, a[-1], true};
  for (int axis = 1; axis < a.rank - 1; axis++) s.positions *= a[axis];
  return s;
}

void check_pair(const char* a_name, const Tensor& a, const char* b_name, const Tensor& b) {
  check_same_type(op, a_name, a, b_name, b);
  check_same_shape(op, a_name, a, b_name, b);
}

}  // namespace

Combine::Combine(const std::string& name, const Activation& g) : kind(kind_of(name)), activation(g) {
  check(g.kind != ActivationKind::softmax, op, "an elementwise activation is needed; got softmax");
}

const char* combine_name(CombineKind kind) { return kind_names[int(kind)]; }

void check_added(const char* op, const Tensor& added, const Tensor& x, const Shape& result,
                 const Activation& g) {
  if (!added.defined()) return;
  check_same_type(op, "x", x, "added", added);
  check(added.shape() == result, op, "added has the shape of the result, ", result,
        "; got added=", added.shape());
  check(g.kind != ActivationKind::softmax, op, "the activation of a sum is elementwise; got softmax");
}

Tensor with_added(const Tensor& z, const Tensor& added, const Activation& g) {
  return combine_forward(z, added, Combine("add", g));
}

double combine_work(const Tensor& y) { return streaming_time(3 * y.bytes()); }

namespace cpu {

// combine(formula) writes n numbers of y; an activation that takes an exponential follows, over what it
// wrote.
template <class T, class F> void with_activation(T* y, int64_t n, CombineFormula formula, F&& combine) {
  const ActivationKind kind = formula.activation;
  if (!takes_exponential(kind)) return combine(formula);
  formula.activation = ActivationKind::identity;
  combine(formula);
  kernels<T>().activation.forward(y, y, n, kind, T(formula.slope));
}

template <class T> void combine_near(T* y, const T* a, const T* b, int64_t n, CombineFormula formula) {
  with_activation(y, n, formula, [&](CombineFormula own) { kernels<T>().combine.forward(y, a, b, n, own); });
}

template <class T> void combine(T* y, const T* a, const T* b, int64_t n, CombineFormula formula) {
  parallel_ranges(n, elementwise_grain, streaming_time(3 * n * sizeof(T)), [&](int64_t begin, int64_t end) {
    combine_near(y + begin, a + begin, b + begin, end - begin, formula);
  });
}

template <class T> void add_near(T* y, const T* added, int64_t n, ActivationKind kind, T slope) {
  combine_near<T>(y, y, added, n, {CombineKind::add, kind, double(slope)});
}

template <class T> void Afterwards<T>::near(T* y, int64_t from, int64_t n) const {
  if (added) add_near(y + from, added + from, n, kind, slope);
  if (x) kernels<T>().activation.backward(y + from, y + from, x + from, n, before, before_slope);
}

template <class T> void Afterwards<T>::everywhere(T* y, int64_t n) const {
  if (!*this) return;
  parallel_ranges(n, elementwise_grain, streaming_time(3 * n * sizeof(T)),
                  [&](int64_t begin, int64_t end) { near(y, begin, end - begin); });
}

template void add_near<float>(float*, const float*, int64_t, ActivationKind, float);
template void add_near<double>(double*, const double*, int64_t, ActivationKind, double);
template struct Afterwards<float>;
template struct Afterwards<double>;

// Split over images and bands of their positions.
template <class T>
void combine_spread(T* y, const T* a, const T* b, int64_t images, int64_t positions, int64_t maps,
                    CombineFormula formula) {
  const double work = streaming_time(3 * images * positions * maps * sizeof(T));
  const int64_t band = maps < elementwise_grain ? elementwise_grain / maps : 1;
  const int64_t bands = (positions + band - 1) / band;
  parallel_for(images * bands, work, [&](int64_t task, int) {
    const int64_t image = task / bands, begin = task % bands * band;
    const int64_t rows = begin + band < positions ? band : positions - begin;
    const int64_t offset = (image * positions + begin) * maps;
    with_activation(y + offset, rows * maps, formula, [&](CombineFormula own) {
      kernels<T>().combine.forward_spread(y + offset, a + offset, b + image * maps, rows, maps, own);
    });
  });
}

template <class T>
void product_backward(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, int64_t n,
                      CombineFormula formula) {
  const auto& k = kernels<T>().combine;
  parallel_ranges(n, elementwise_grain, streaming_time(6 * n * sizeof(T)), [&](int64_t i, int64_t end) {
    k.backward(da + i, db + i, dy + i, y + i, a + i, b + i, end - i, formula);
  });
}

// Split over images and groups of maps; a map's positions are summed by one task, in order.
template <class T>
void spread_backward(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, Sizes s,
                     CombineFormula formula) {
  const auto& k = kernels<T>().combine;
  const double work = streaming_time(6 * s.images * s.positions * s.maps * sizeof(T));
  const int64_t groups = (s.maps + maps_per_task - 1) / maps_per_task;
  parallel_for(s.images * groups, work, [&](int64_t task, int) {
    const int64_t image = task / groups, begin = task % groups * maps_per_task;
    const int64_t length = begin + maps_per_task < s.maps ? maps_per_task : s.maps - begin;
    const int64_t offset = image * s.positions * s.maps + begin, row = image * s.maps + begin;
    k.backward_spread(da + offset, db + row, dy + offset, y + offset, a ? a + offset : a, b ? b + row : b,
                      s.positions, length, s.maps, formula);
  });
}

}  // namespace cpu

Tensor combine_forward(const Tensor& a_, const Tensor& b_, const Combine& c) {
  check_stored(op, "a", a_);
  check_same_type(op, "a", a_, "b", b_);
  const Sizes s = sizes_of(a_.shape(), b_.shape());
  const Tensor a = contiguous(a_), b = contiguous(b_);
  Tensor y = empty(a.shape(), a.dtype(), a.device());
  if (y.count() == 0) return y;
  visit_stored(y.dtype(), [&]<class T>() {
    using Cuda = CombineCuda<T>;
    if (s.spread)
      run(on<T>(y.device(), STRATE_CPU(cpu::combine_spread), &Cuda::forward_spread), y, a, b, s.images,
          s.positions, s.maps, formula_of(c));
    else run(on<T>(y.device(), STRATE_CPU(cpu::combine), &Cuda::forward), y, a, b, y.count(), formula_of(c));
  });
  return y;
}

std::pair<Tensor, Tensor> combine_backward(const Tensor& dy_, const Tensor& y_, const Tensor& a_,
                                           const Tensor& b_, const Shape& b_shape, const Combine& c) {
  check_stored(op, "dy", dy_);
  check_pair("dy", dy_, "y", y_);
  const Sizes s = sizes_of(dy_.shape(), b_shape);
  const bool product = c.kind == CombineKind::multiply;
  if (product) {
    check(a_.defined() && b_.defined(), op, "the gradient of a product needs a and b");
    check_pair("dy", dy_, "a", a_);
    check_same_type(op, "dy", dy_, "b", b_);
    check(b_.shape() == b_shape, op, "b has the shape ", b_shape, "; got b=", b_.shape());
  } else if (!s.spread) {
    Tensor delta =
        c.activation.kind == ActivationKind::identity ? dy_ : activation_backward(dy_, y_, c.activation);
    return {delta, delta};
  }
  const Tensor dy = contiguous(dy_), y = contiguous(y_);
  const Tensor a = product ? contiguous(a_) : Tensor(), b = product ? contiguous(b_) : Tensor();
  Tensor da = empty(y.shape(), y.dtype(), y.device()), db = empty(b_shape, y.dtype(), y.device());
  if (y.count() == 0) {
    fill(db, 0);
    return {da, db};
  }
  visit_stored(y.dtype(), [&]<class T>() {
    using Cuda = CombineCuda<T>;
    if (!s.spread) {
      run(on<T>(y.device(), STRATE_CPU(cpu::product_backward), &Cuda::backward), da, db, dy, y, a, b,
          y.count(), formula_of(c));
    } else if (y.device() == Device::cuda) {
      const ColumnSizes columns = column_sizes(s.images, s.positions, s.maps);
      const Tensor partials = column_partials(columns, 1, y.device());
      run(on_cuda(&Cuda::backward_spread), da, db, dy, y, a, b, partials, columns, formula_of(c));
    } else if constexpr (on_cpu<T>) {
      run(cpu::spread_backward<T>, da, db, dy, y, a, b, s, formula_of(c));
    }
  });
  return {da, db};
}

}  // namespace strate
