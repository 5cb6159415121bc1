#include "ops/dense.h"

#include "core/parallel.h"
#include "ops/operands.h"
#include "ops/product.h"

namespace strate {
namespace {

constexpr const char* op = "dense";
constexpr int weight_order[] = {1, 0};

DenseSizes sizes_of(const Tensor& x, const Tensor& weight) {
  check_stored(op, "x", x);
  check_parameter_type(op, "x", x, "weight", weight);
  check(x.rank() >= 1, op, "x is (..., in); got x=", x.shape());
  check(weight.rank() == 2, op, "weight is (out, in); got weight=", weight.shape());
  const DenseSizes s{1, weight.shape()[0], weight.shape()[1], num_threads()};
  check(x.shape()[-1] == s.k, op, "the last axis of x has the weight's number of inputs; got x=", x.shape(),
        ", weight=", weight.shape());
  int64_t m = 1;
  for (int i = 0; i + 1 < x.rank(); i++) m = checked_multiply(m, x.shape()[i], op);
  return {m, s.n, s.k, s.workers};
}

Shape with_last(Shape shape, int64_t size) {
  shape[-1] = size;
  return shape;
}

void check_output(const Tensor& t, const char* name, const Tensor& x, const Shape& shape) {
  check_parameter_type(op, "x", x, name, t);
  check(t.shape() == shape, op, name, " is ", shape, "; got ", name, "=", t.shape());
  check(!t.read_only(), op, name, " is written, but its memory is read-only");
}

}  // namespace

namespace cpu {

template <class T>
void dense_forward(T* y, const T* x, const T* weight, const T* bias, T* workspace, DenseSizes s,
                   ActivationKind kind, double slope) {
  forward_product(ForwardProduct<T>{y, x, weight, bias, s.m, s.n, s.k, kind, T(slope), workspace, s.workers});
}

template <class T>
void dense_backward(T* dx, T* dweight, T* dbias, const T* dz, const T* x, const T* weight, T* workspace,
                    DenseSizes s, Flag* dweight_flag, Flag* dbias_flag) {
  backward_product(BackwardProduct<T>{dx, dweight, dbias, dz, x, weight, s.m, s.n, s.k, workspace,
                                      dweight_flag, dbias_flag, s.workers});
}

}  // namespace cpu

Tensor dense_forward(const Tensor& x_, const Tensor& weight_, const Tensor& bias_,
                     const Activation& activation) {
  const DenseSizes s = sizes_of(x_, weight_);
  if (bias_.defined()) {
    check_parameter_type(op, "x", x_, "bias", bias_);
    check(bias_.shape() == Shape{s.n}, op, "bias is ", Shape{s.n}, "; got bias=", bias_.shape());
  }
  const Tensor x = contiguous(x_), weight = in_order(weight_, weight_order);
  const Tensor bias = bias_.defined() ? contiguous(bias_) : bias_;
  Tensor y = empty(with_last(x.shape(), s.n), x.dtype(), x.device());
  visit_stored(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda)
      return run(on_cuda(&DenseCuda<T>::forward), y, x, weight, bias, s, activation.kind, activation.slope,
                 multiply());
    if constexpr (on_cpu<T>) {
      const int64_t room = cpu::forward_workspace<T>(s.m, s.n, s.k, s.workers);
      const Tensor workspace = room > 0 ? empty({room}, x.dtype(), x.device()) : Tensor();
      run(cpu::dense_forward<T>, y, x, weight, bias, workspace, s, activation.kind, activation.slope);
    }
  });
  return activation.kind == ActivationKind::softmax ? activation_forward(y, activation) : y;
}

Tensor dense_backward(const Tensor& dy_, const Tensor& x_, const Tensor& weight_, const Tensor& y,
                      const Activation& activation, const Tensor& dweight, const Tensor& dbias,
                      bool need_dx) {
  const DenseSizes s = sizes_of(x_, weight_);
  const Shape out = with_last(x_.shape(), s.n);
  check_same_type(op, "x", x_, "dy", dy_);
  check(dy_.shape() == out, op, "dy has the shape of y, ", out, "; got dy=", dy_.shape(), ", x=", x_.shape());
  const bool identity = activation.kind == ActivationKind::identity;
  check(identity || y.defined(), op, "backward through ", activation_name(activation.kind),
        " needs y; got y=None");
  if (dweight.defined()) {
    check_output(dweight, "dweight", x_, weight_.shape());
    check(dweight.has_order(weight_order), op,
          "dweight lies in memory as (in, out); got strides=", dweight.strides(),
          ", shape=", dweight.shape());
  }
  if (dbias.defined()) {
    check_output(dbias, "dbias", x_, Shape{s.n});
    check(dbias.contiguous(), op, "dbias is contiguous; got strides=", dbias.strides());
  }
  const Tensor dz = identity ? contiguous(dy_) : activation_backward(dy_, y, activation);
  const Tensor x = contiguous(x_), weight = in_order(weight_, weight_order);
  const Tensor dx = need_dx ? empty(x.shape(), x.dtype(), x.device()) : Tensor();
  Flag* dweight_flag = dweight.defined() ? dweight.nonfinite() : nullptr;
  Flag* dbias_flag = dbias.defined() ? dbias.nonfinite() : nullptr;
  const auto room_for = [&](int64_t n) { return n > 0 ? empty({n}, weight.dtype(), x.device()) : Tensor(); };
  visit_stored(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda) {
      const Tensor workspace = room_for(cuda_part<DenseCuda<T>>().backward_workspace(s));
      return run(on_cuda(&DenseCuda<T>::backward), dx, dweight, dbias, dz, x, weight, workspace, s,
                 dweight_flag, dbias_flag, multiply());
    }
    if constexpr (on_cpu<T>) {
      const Tensor workspace = room_for(cpu::backward_workspace<T>(s.m, s.n, s.k, s.workers));
      run(cpu::dense_backward<T>, dx, dweight, dbias, dz, x, weight, workspace, s, dweight_flag, dbias_flag);
    }
  });
  return dx;
}

double dense_work(const Tensor& x, const Tensor& weight) {
  const double in = weight.rank() == 2 ? double(weight.shape()[0]) : 1;
  return double(x.count()) * in / 50;
}

}  // namespace strate
