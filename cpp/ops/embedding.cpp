#include "ops/embedding.h"

#include <algorithm>
#include <type_traits>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/gather.h"
#include "ops/grid.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "embedding";
constexpr int64_t cache_line = 64;  // bytes

// The position of element number `flat`: "x[3, 7]".
std::string place_of(Shape shape, int64_t flat) {
  std::string inside;
  for (int i = shape.rank - 1; i >= 0; flat /= shape[i--])
    inside = std::to_string(flat % shape[i]) + (inside.empty() ? "" : ", ") + inside;
  return "x[" + inside + "]";
}

void check_weight(const Tensor& weight) {
  check_real(op, "weight", weight);
  check(weight.rank() == 2, op, "weight is (vocabulary, units); got weight=", weight.shape());
}

// The first element that is no row of a table with `rows` rows, or -1.
template <class S> int64_t first_bad(const S* x, int64_t n, int64_t rows) {
  for (int64_t i = 0; i < n; i++) {
    if (!(x[i] >= S(0)) || !(double(x[i]) < double(rows))) return i;
    if constexpr (std::is_floating_point_v<S>)
      if (x[i] != S(int64_t(x[i]))) return i;
  }
  return -1;
}

// x as rows of the weights, where these are.
Tensor index_of(const Tensor& x_, const Tensor& weight) {
  const Tensor x = contiguous(x_), known = readable(x);
  const int64_t rows = weight.shape()[0];
  visit_dtype(wide(x.dtype()), [&]<class S>() {
    const S* values = known.data<S>();
    const int64_t bad = first_bad(values, known.count(), rows);
    if (bad >= 0)
      fail_value(op, "x holds whole numbers in 0 ... ", rows - 1, "; got ", place_of(x.shape(), bad), "=",
                 +values[bad]);
  });
  return to_device(cast(x, DType::int64), weight.device());
}

}  // namespace

double embedding_work(const Tensor& x, const Tensor& weight) {
  return streaming_time((x.count() * 2 + weight.shape()[0]) * weight.shape()[-1] * item_size(weight.dtype()));
}

namespace cpu {

// Tasks are columns: each adds all rows in their order, so no number is written by two.
template <class T>
void embedding_backward(T* dweight, Flag* flag, const T* dy, const int64_t* index, int64_t rows,
                        int64_t vocabulary, int64_t units) {
  const double work = streaming_time((2 * rows + vocabulary) * units * sizeof(T));
  constexpr int64_t unit = cache_line / int64_t(sizeof(T));
  const int64_t parts = std::min(tasks_for(work), parts_up(units, unit));
  parallel_for(parts, work, [&](int64_t task, int) {
    const Span columns = cut(units, unit, parts, task);
    if (!kernels<T>().embedding.scatter(dweight + columns.begin, dy + columns.begin, index, rows, vocabulary,
                                        units, columns.size()))
      flag->store(true);
  });
}

}  // namespace cpu

std::pair<Tensor, Tensor> embedding_forward(const Tensor& x, const Tensor& weight) {
  check_weight(weight);
  check(x.rank() < max_rank, op, "y has one axis more than x; got x=", x.shape());
  const Tensor index = index_of(x, weight);
  Shape shape = x.shape();
  shape.append(weight.shape()[1]);
  return {gather_rows(weight, index.reshape({index.count()}), 1, weight.dtype()).reshape(shape), index};
}

void embedding_backward(const Tensor& dy_, const Tensor& index_, const Tensor& dweight) {
  check_weight(dweight);
  check_same_type(op, "dy", dy_, "dweight", dweight);
  if (index_.dtype() != DType::int64) fail_type(op, "index is int64; got index=", Described{index_});
  Shape shape = index_.shape();
  shape.append(dweight.shape()[1]);
  check(dy_.shape() == shape, op, "dy has the shape of y, ", shape, "; got dy=", dy_.shape());
  check(dweight.contiguous() && !dweight.read_only(), op,
        "dweight is written and contiguous; got strides=", dweight.strides(), ", shape=", dweight.shape());
  const Tensor dy = contiguous(dy_), index = index_of(index_, dweight);
  visit_real(dy.dtype(), [&]<class T>() {
    run(on(dy.device(), cpu::embedding_backward<T>, &EmbeddingCuda<T>::backward), dweight,
        dweight.nonfinite(), dy, index, index.count(), dweight.shape()[0], dweight.shape()[1]);
  });
}

}  // namespace strate
