// What ops with a weight and a bias ask of them and of their gradients: dense, conv2d, conv2d_transpose.
#pragma once

#include "ops/activation.h"
#include "ops/operands.h"

namespace strate {

// A bias, if there is one, has a number for each of the outputs.
void check_bias(const char* op, const Tensor& x, const Tensor& bias, int64_t outputs);

// The order of a weight's axes in memory, and how a message says it.
struct WeightOrder {
  const int* axes;
  const char* text;
};

// The gradients of weight and bias, those that there are: as large, in this order, and to be written.
void check_weight_gradients(const char* op, const Tensor& dweight, const Tensor& dbias, const Tensor& x,
                            const Shape& weight, int64_t outputs, WeightOrder);

// dy g'(y), y being of this shape.
Tensor gradient_by_z(const char* op, const Tensor& dy, const Tensor& y, const Activation&, const Shape& shape,
                     const Tensor& x, const Tensor& weight);

// Workspace, in the type that x is computed in.
Tensor room_for(int64_t elements, const Tensor& x);

}  // namespace strate
