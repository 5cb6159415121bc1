// Convolution with max-pooling behind it: one pass where bands of outputs can be pooled before they are
// written, and gradients from the winners alone where that is less work.
#include "ops/conv2d.h"
#include "ops/conv2d_winners.h"
#include "ops/max_pool2d.h"

namespace strate {
namespace {

using cpu::Convolution;

constexpr const char* op = "conv2d";

}  // namespace

namespace cpu {

template <class T>
void conv2d_pooled(T* z, uint8_t* places, const T* x, const T* weight, const T* bias, T* workspace,
                   Convolution c, PoolSizes sizes, ActivationKind kind, double slope) {
  convolution_pooled<T>({z, places, sizes}, x, weight, bias, workspace, c, kind, T(slope));
}

}  // namespace cpu

std::pair<Tensor, Tensor> conv2d_pooled_forward(const Tensor& x_, const Tensor& weight_, const Tensor& bias_,
                                                const Conv2d& conv, const Activation& activation,
                                                const Pool2d& pool, bool need_argmax) {
  const Convolution c = checked_convolution(x_, weight_, bias_, conv);
  const PoolSizes sizes = pool2d_sizes("max_pool2d", output_shape(c), pool);
  return visit_real(x_.dtype(), [&]<class T>() -> std::pair<Tensor, Tensor> {
    const bool whole = activation.kind == ActivationKind::softmax || x_.device() == Device::cuda;
    if (whole || !cpu::pools_in_bands<T>(c, sizes))
      return max_pool2d_forward(conv2d_forward(x_, weight_, bias_, conv, activation, Tensor()), pool,
                                need_argmax);
    const Tensor x = contiguous(x_), weight = in_order(weight_, conv2d_weight_axes);
    const Tensor bias = contiguous_or_none(bias_);
    const Shape shape{c.images, sizes.rows.out, sizes.columns.out, c.filters};
    Tensor z = empty(shape, x.dtype()), argmax = need_argmax ? empty(shape, DType::uint8) : Tensor();
    const Tensor workspace = room_for(cpu::convolution_pooled_workspace<T>(c, sizes), x);
    if (z.count() > 0)
      run(cpu::conv2d_pooled<T>, z, argmax, x, weight, bias, workspace, c, sizes, activation.kind,
          activation.slope);
    return {std::move(z), std::move(argmax)};
  });
}

Tensor conv2d_pooled_backward(const Tensor& dy, const Tensor& x_, const Tensor& weight_, const Tensor& z,
                              const Tensor& argmax, const Conv2d& conv, const Activation& activation,
                              const Pool2d& pool, const Tensor& dweight, const Tensor& dbias, bool need_dx,
                              const Activation& before) {
  const Convolution c = checked_convolution(x_, weight_, Tensor(), conv);
  const PoolSizes sizes = pool2d_sizes("max_pool2d", output_shape(c), pool);
  const Shape shape{c.images, sizes.rows.out, sizes.columns.out, c.filters};
  check_same_type(op, "x", x_, "dy", dy);
  check(dy.shape() == shape && z.shape() == shape && argmax.shape() == shape, op, "dy, z and argmax are ",
        shape, "; got dy=", dy.shape(), ", z=", z.shape(), ", argmax=", argmax.shape());
  const bool identity = activation.kind == ActivationKind::identity;
  const bool possible = x_.device() == Device::cpu && activation.kind != ActivationKind::softmax;
  const bool alone = possible && visit_stored(x_.dtype(), [&]<class T>() {
                       if constexpr (on_cpu<T>) return cpu::by_winners<T>(c, sizes);
                       else return false;
                     });
  if (!alone)
    return conv2d_backward(max_pool2d_backward(identity ? dy : activation_backward(dy, z, activation), argmax,
                                               output_shape(c), pool),
                           x_, weight_, Tensor(), conv, Activation{}, dweight, dbias, need_dx, Tensor(),
                           before);
  check_weight_gradients(op, dweight, dbias, x_, weight_.shape(), c.filters, conv2d_weight_order);
  check_same_type(op, "x", x_, "z", z);
  if (argmax.dtype() != DType::uint8)
    fail_type(op, "argmax of this window is uint8; got argmax=", Described{argmax});
  const Tensor x = contiguous(x_), weight = in_order(weight_, conv2d_weight_axes),
               places = contiguous(argmax);
  const Tensor dz = contiguous(dy), y = identity ? Tensor() : contiguous(z);
  const Tensor dx = need_dx ? empty(x.shape(), x.dtype()) : Tensor();
  visit_real(x.dtype(), [&]<class T>() {
    const Tensor room = room_for(cpu::winners_workspace<T>(c, sizes), x);
    run(cpu::winners_backward<T>, dx, dweight, dbias, dz, y, places, x, weight, room, c, sizes,
        activation.kind, activation.slope, flag_of(dweight), flag_of(dbias));
  });
  const bool left = need_dx && before.kind != ActivationKind::identity;
  return left ? activation_backward(dx, x, before) : dx;
}

}  // namespace strate
