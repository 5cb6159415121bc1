#include "ops/dense.h"

#include "cuda/ops/product.h"

namespace strate::cuda {
namespace {

template <class T>
void forward(T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias, DenseSizes s,
             ActivationKind activation, double slope, Multiply kind) {
  forward_product("dense_forward",
                  ForwardProduct<T>{y, x, weight, bias, s.m, s.n, s.k, activation, Wide<T>(slope)}, kind);
}

int64_t workspace(DenseSizes s) { return backward_workspace(s.m, s.n, s.k); }

template <class T>
void backward(T* dx, Wide<T>* dweight, Wide<T>* dbias, const T* dz, const T* x, const Wide<T>* weight,
              Wide<T>* workspace, DenseSizes s, Flag* dweight_flag, Flag* dbias_flag, Multiply kind) {
  backward_product("dense_backward",
                   BackwardProduct<T>{dx, dweight, dbias, dz, x, weight, s.m, s.n, s.k, workspace,
                                      dweight_flag, dbias_flag},
                   kind);
}

template <class T> constexpr DenseCuda<T> part{forward<T>, workspace, backward<T>};

}  // namespace

void fill(DenseCuda<float>& to) { to = part<float>; }
void fill(DenseCuda<double>& to) { to = part<double>; }
void fill(DenseCuda<bfloat16>& to) { to = part<bfloat16>; }

}  // namespace strate::cuda
