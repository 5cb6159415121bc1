#include "ops/dense.h"

#include "core/parallel.h"
#include "ops/product.h"
#include "ops/weighted.h"

namespace strate {
namespace {

constexpr const char* op = "dense";
constexpr int weight_order[] = {1, 0};
constexpr WeightOrder in_memory{weight_order, "(in, out)"};

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
  check_bias(op, x_, bias_, s.n);
  const Tensor x = contiguous(x_), weight = in_order(weight_, weight_order);
  const Tensor bias = contiguous_or_none(bias_);
  Tensor y = empty(with_last(x.shape(), s.n), x.dtype(), x.device());
  visit_stored(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda)
      return run(on_cuda(&DenseCuda<T>::forward), y, x, weight, bias, s, activation.kind, activation.slope,
                 multiply());
    if constexpr (on_cpu<T>) {
      const Tensor workspace = room_for(cpu::forward_workspace<T>(s.m, s.n, s.k, s.workers), x);
      run(cpu::dense_forward<T>, y, x, weight, bias, workspace, s, activation.kind, activation.slope);
    }
  });
  return activation.kind == ActivationKind::softmax ? activation_forward(y, activation) : y;
}

Tensor dense_backward(const Tensor& dy_, const Tensor& x_, const Tensor& weight_, const Tensor& y,
                      const Activation& activation, const Tensor& dweight, const Tensor& dbias,
                      bool need_dx) {
  const DenseSizes s = sizes_of(x_, weight_);
  check_weight_gradients(op, dweight, dbias, x_, weight_.shape(), s.n, in_memory);
  const Tensor dz = gradient_by_z(op, dy_, y, activation, with_last(x_.shape(), s.n), x_, weight_);
  const Tensor x = contiguous(x_), weight = in_order(weight_, weight_order);
  const Tensor dx = need_dx ? empty(x.shape(), x.dtype(), x.device()) : Tensor();
  visit_stored(x.dtype(), [&]<class T>() {
    if (x.device() == Device::cuda) {
      const Tensor workspace = room_for(cuda_part<DenseCuda<T>>().backward_workspace(s), x);
      return run(on_cuda(&DenseCuda<T>::backward), dx, dweight, dbias, dz, x, weight, workspace, s,
                 flag_of(dweight), flag_of(dbias), multiply());
    }
    if constexpr (on_cpu<T>) {
      const Tensor workspace = room_for(cpu::backward_workspace<T>(s.m, s.n, s.k, s.workers), x);
      run(cpu::dense_backward<T>, dx, dweight, dbias, dz, x, weight, workspace, s, flag_of(dweight),
          flag_of(dbias));
    }
  });
  return dx;
}

double dense_work(const Tensor& x, const Tensor& weight) {
  const double in = weight.rank() == 2 ? double(weight.shape()[0]) : 1;
  return double(x.count()) * in / 50;
}

}  // namespace strate
