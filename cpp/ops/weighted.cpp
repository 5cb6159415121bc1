#include "ops/weighted.h"

namespace strate {

static void check_written(const char* op, const Tensor& t, const char* name, const Tensor& x,
                          const Shape& shape) {
  check_parameter_type(op, "x", x, name, t);
  check(t.shape() == shape, op, name, " is ", shape, "; got ", name, "=", t.shape());
  check(!t.read_only(), op, name, " is written, but its memory is read-only");
}

void check_bias(const char* op, const Tensor& x, const Tensor& bias, int64_t outputs) {
  if (!bias.defined()) return;
  check_parameter_type(op, "x", x, "bias", bias);
  check(bias.shape() == Shape{outputs}, op, "bias is ", Shape{outputs}, "; got bias=", bias.shape());
}

void check_weight_gradients(const char* op, const Tensor& dweight, const Tensor& dbias, const Tensor& x,
                            const Shape& weight, int64_t outputs, WeightOrder order) {
  if (dweight.defined()) {
    check_written(op, dweight, "dweight", x, weight);
    check(dweight.has_order(order.axes), op, "dweight lies in memory as ", order.text,
          "; got strides=", dweight.strides(), ", shape=", dweight.shape());
  }
  if (dbias.defined()) {
    check_written(op, dbias, "dbias", x, Shape{outputs});
    check(dbias.contiguous(), op, "dbias is contiguous; got strides=", dbias.strides());
  }
}

Tensor gradient_by_z(const char* op, const Tensor& dy, const Tensor& y, const Activation& activation,
                     const Shape& shape, const Tensor& x, const Tensor& weight) {
  check_same_type(op, "x", x, "dy", dy);
  check(dy.shape() == shape, op, "dy has the shape of y, ", shape, "; got dy=", dy.shape(), ", x=", x.shape(),
        ", weight=", weight.shape());
  if (activation.kind == ActivationKind::identity) return contiguous(dy);
  check(y.defined(), op, "backward through ", activation_name(activation.kind), " needs y; got y=None");
  return activation_backward(dy, y, activation);
}

Tensor room_for(int64_t elements, const Tensor& x) {
  return elements > 0 ? empty({elements}, wide(x.dtype()), x.device()) : Tensor();
}

}  // namespace strate
