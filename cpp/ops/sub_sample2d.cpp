#include "ops/sub_sample2d.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "sub_sample2d";
constexpr int64_t most_chunks = 16;

SubSampleSizes sizes_of(const Tensor& x, const Tensor& weight, SubSampleWindow window) {
  check_real(op, "x", x);
  check_same_type(op, "x", x, "weight", weight);
  const Shape& shape = x.shape();
  check(shape.rank == 4, op, "x is (N, H, W, C); got x=", shape);
  check(window[0] >= 1 && window[1] >= 1 && window[0] <= shape[1] && window[1] <= shape[2], op,
        "a window has a pixel and fits the image; got window=", window[0], "x", window[1], ", x=", shape);
  check(weight.shape() == Shape{shape[3]}, op, "weight is ", Shape{shape[3]},
        "; got weight=", weight.shape());
  return {shape[0], shape[1], shape[2], shape[3], window[0], window[1]};
}

Shape shape_of(const SubSampleSizes& s) { return {s.images, s.rows(), s.columns(), s.channels}; }

void check_per_channel(const Tensor& t, const char* name, const Tensor& x, bool written) {
  const Shape shape{x.shape()[3]};
  check_same_type(op, "x", x, name, t);
  check(t.shape() == shape, op, name, " is ", shape, "; got ", name, "=", t.shape());
  check(!written || (t.contiguous() && !t.read_only()), op, name,
        " is written: contiguous and not read-only; got strides=", t.strides());
}

int64_t rows_per_task(int64_t elements) {
  return std::max<int64_t>(1, elementwise_grain / std::max<int64_t>(1, elements));
}

int64_t chunks_of(const SubSampleSizes& s) {
  const int64_t rows = s.images * s.rows(), row = s.window_height * s.width * s.channels;
  return std::clamp<int64_t>(std::min(rows, rows * row / elementwise_grain), 1, most_chunks);
}

double work_of(const SubSampleSizes& s, int64_t item_size) {
  return streaming_time(s.images * s.height * s.width * s.channels * item_size);
}

}  // namespace

namespace cpu {

template <class T>
void sub_sample2d_forward(T* y, const T* x, const T* weight, const T* bias, SubSampleSizes s,
                          ActivationKind kind, double slope) {
  const auto& k = kernels<T>();
  const int64_t row = s.columns() * s.channels;
  const bool pass = kind != ActivationKind::identity && kind != ActivationKind::softmax;
  parallel_ranges(s.images * s.rows(), rows_per_task(s.window_height * s.width * s.channels),
                  work_of(s, sizeof(T)), [&](int64_t begin, int64_t end) {
                    k.sub_sample2d.forward(y, x, weight, bias, s, begin, end);
                    T* at = y + begin * row;  // the rows are still in cache
                    if (pass) k.activation.forward(at, at, (end - begin) * row, kind, T(slope));
                  });
}

template <class T> void sub_sample2d_input(T* dx, const T* dz, const T* weight, SubSampleSizes s) {
  const auto& k = kernels<T>().sub_sample2d;
  parallel_ranges(s.images * s.height, rows_per_task(s.width * s.channels), work_of(s, sizeof(T)),
                  [&](int64_t begin, int64_t end) { k.input(dx, dz, weight, s, begin, end); });
}

// Chunks of rows, whose results are added in their order.
template <class T>
void sub_sample2d_weight(T* dweight, T* dbias, const T* dz, const T* x, T* partials, SubSampleSizes s,
                         Flag* dweight_flag, Flag* dbias_flag) {
  const auto& k = kernels<T>();
  const int64_t chunks = chunks_of(s), rows = s.images * s.rows(), n = s.channels;
  parallel_for(chunks, work_of(s, sizeof(T)), [&](int64_t i, int) {
    T* to = partials + 2 * i * n;
    k.sub_sample2d.weight(to, to + n, dz, x, s, rows * i / chunks, rows * (i + 1) / chunks);
  });
  auto add = [&](T* to, const T* from, Flag* flag) {
    if (!to) return;
    k.gemm.sum_rows(to, from, 2 * n, chunks, n, false);
    if (!k.finite.all(to, n)) flag->store(true);
  };
  add(dweight, partials, dweight_flag);
  add(dbias, partials + n, dbias_flag);
}

}  // namespace cpu

namespace {

template <class T>
void parameter_gradients(const Tensor& dweight, const Tensor& dbias, const Tensor& dz, const Tensor& x,
                         const SubSampleSizes& s) {
  Flag *dweight_flag = flag_of(dweight), *dbias_flag = flag_of(dbias);
  if (x.device() == Device::cuda) {
    const ColumnSizes columns = column_sizes(1, s.images * s.rows() * s.columns(), s.channels);
    const Tensor partials = column_partials(columns, 2, x.device());
    run(on_cuda(&SubSample2dCuda<T>::weight), dweight, dbias, dz, x, partials, s, columns, dweight_flag,
        dbias_flag);
  } else {
    const Tensor partials = empty({2 * chunks_of(s) * s.channels}, x.dtype());
    run(cpu::sub_sample2d_weight<T>, dweight, dbias, dz, x, partials, s, dweight_flag, dbias_flag);
  }
}

}  // namespace

Tensor sub_sample2d_forward(const Tensor& x_, const Tensor& weight_, const Tensor& bias_,
                            SubSampleWindow window, const Activation& activation) {
  const SubSampleSizes s = sizes_of(x_, weight_, window);
  check_per_channel(bias_, "bias", x_, false);
  const Tensor x = contiguous(x_), weight = contiguous(weight_), bias = contiguous(bias_);
  Tensor y = empty(shape_of(s), x.dtype(), x.device());
  visit_real(x.dtype(), [&]<class T>() {
    run(on(x.device(), cpu::sub_sample2d_forward<T>, &SubSample2dCuda<T>::forward), y, x, weight, bias, s,
        activation.kind, activation.slope);
  });
  return activation.kind == ActivationKind::softmax ? activation_forward(y, activation) : y;
}

Tensor sub_sample2d_backward(const Tensor& dy_, const Tensor& x_, const Tensor& weight_, const Tensor& y,
                             SubSampleWindow window, const Activation& activation, const Tensor& dweight,
                             const Tensor& dbias, bool need_dx) {
  const SubSampleSizes s = sizes_of(x_, weight_, window);
  check_same_type(op, "x", x_, "dy", dy_);
  check(dy_.shape() == shape_of(s), op, "dy has the shape of y, ", shape_of(s), "; got dy=", dy_.shape());
  const bool identity = activation.kind == ActivationKind::identity;
  check(identity || y.defined(), op, "backward through ", activation_name(activation.kind),
        " needs y; got y=None");
  if (dweight.defined()) check_per_channel(dweight, "dweight", x_, true);
  if (dbias.defined()) check_per_channel(dbias, "dbias", x_, true);
  const Tensor dz = identity ? contiguous(dy_) : activation_backward(dy_, y, activation);
  const Tensor x = contiguous(x_), weight = contiguous(weight_);
  const Tensor dx = need_dx ? empty(x.shape(), x.dtype(), x.device()) : Tensor();
  visit_real(x.dtype(), [&]<class T>() {
    if (dweight.defined() || dbias.defined()) parameter_gradients<T>(dweight, dbias, dz, x, s);
    if (need_dx)
      run(on(x.device(), cpu::sub_sample2d_input<T>, &SubSample2dCuda<T>::input), dx, dz, weight, s);
  });
  return dx;
}

}  // namespace strate
