#include "ops/concat.h"

#include <cstring>

#include "core/parallel.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "concat";

Shape with_maps(Shape shape, int64_t maps) {
  shape[-1] = maps;
  return shape;
}

int64_t rows_of(const Shape& shape) {
  int64_t rows = 1;
  for (int axis = 0; axis < shape.rank - 1; axis++) rows *= shape[axis];
  return rows;
}

// The maps of all inputs together; they must agree in everything else.
int64_t total_maps(const std::vector<Tensor>& xs) {
  check(!xs.empty(), op, "at least one tensor is needed; got none");
  check_stored(op, "x", xs[0]);
  check(xs[0].rank() > 0, op, "tensors have an axis of maps; got x=", xs[0].shape());
  int64_t total = 0;
  for (size_t i = 0; i < xs.size(); i++) {
    check_same_type(op, "the first", xs[0], "another", xs[i]);
    const bool alike =
        xs[i].rank() == xs[0].rank() && with_maps(xs[i].shape(), 0) == with_maps(xs[0].shape(), 0);
    check(alike, op, "tensors differ in their last axis alone; got ", xs[0].shape(), " and, in place ", i,
          ", ", xs[i].shape());
    total = checked_add(total, xs[i].shape()[-1], op);
  }
  return total;
}

}  // namespace

double concat_work(const Tensor& y) { return streaming_time(2 * y.bytes()); }

namespace cpu {

// Rows of `width` bytes, `to_stride` and `from_stride` bytes apart.
void copy_columns(char* to, const char* from, int64_t rows, int64_t width, int64_t to_stride,
                  int64_t from_stride) {
  const double work = streaming_time(2 * rows * width);
  const int64_t grain = width < elementwise_grain ? elementwise_grain / width : 1;
  parallel_ranges(rows, grain, work, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++)
      std::memcpy(to + r * to_stride, from + r * from_stride, size_t(width));
  });
}

void copy_into_columns(char* y, const char* x, int64_t rows, int64_t width, int64_t offset, int64_t stride) {
  copy_columns(y + offset, x, rows, width, stride, width);
}

void copy_out_of_columns(char* dx, const char* dy, int64_t rows, int64_t width, int64_t offset,
                         int64_t stride) {
  copy_columns(dx, dy + offset, rows, width, width, stride);
}

}  // namespace cpu

Tensor concat_forward(const std::vector<Tensor>& xs) {
  const int64_t total = total_maps(xs), item = item_size(xs[0].dtype());
  Tensor y = empty(with_maps(xs[0].shape(), total), xs[0].dtype(), xs[0].device());
  int64_t offset = 0;
  for (const Tensor& given : xs) {
    const Tensor x = contiguous(given);
    const int64_t width = x.shape()[-1] * item;
    if (x.count() > 0)
      run(on(y.device(), cpu::copy_into_columns, &ConcatCuda<float>::forward), y, x, rows_of(x.shape()),
          width, offset, total * item);
    offset += width;
  }
  return y;
}

std::vector<Tensor> concat_backward(const Tensor& dy_, const std::vector<int64_t>& maps) {
  check_stored(op, "dy", dy_);
  check(dy_.rank() > 0, op, "dy has an axis of maps; got dy=", dy_.shape());
  int64_t total = 0;
  for (int64_t m : maps) {
    check(m >= 0, op, "maps are 0 or more; got maps=", m);
    total = checked_add(total, m, op);
  }
  check(total == dy_.shape()[-1], op, "the maps add up to dy's last axis; got ", total,
        " and dy=", dy_.shape());
  const Tensor dy = contiguous(dy_);
  const int64_t item = item_size(dy.dtype());
  std::vector<Tensor> dxs;
  int64_t offset = 0;
  for (int64_t m : maps) {
    Tensor dx = empty(with_maps(dy.shape(), m), dy.dtype(), dy.device());
    if (dx.count() > 0)
      run(on(dx.device(), cpu::copy_out_of_columns, &ConcatCuda<float>::backward), dx, dy,
          rows_of(dx.shape()), m * item, offset, total * item);
    offset += m * item;
    dxs.push_back(std::move(dx));
  }
  return dxs;
}

}  // namespace strate
