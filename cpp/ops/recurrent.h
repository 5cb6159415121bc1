// Recurrent layers: a state that is carried from step to step, with the same weights at every step.
// With W = weight, b = bias, R = recurrent_weight, c = recurrent_bias, s the sigmoid and * element by
// element:
//   rnn_tanh, rnn_relu: h<t> = g(W x<t> + b + R h<t-1>)
//   lstm, rows of W, R, b in the order i, f, g, o:
//     i, f, o = s(W x<t> + b + R h<t-1>), g = tanh(...); c<t> = f * c<t-1> + i * g; h<t> = o * tanh(c<t>)
//   gru, in the order r, z, n: r, z = s(W x<t> + b + R h<t-1> + c); q = R_n h<t-1> + c_n
//     n = tanh(W_n x<t> + b_n + r * q); h<t> = (1 - z) * n + z * h<t-1>
// Derivative, from the last step to the first, dh carrying what later steps send back: the gates' deltas d<t>
// by the sums above, dh<t-1> = R^T d<t> (+ z * dh of gru), dc<t-1> = f * dc; then dW = sum d<t> x<t>^T,
// dR = sum d<t> h<t-1>^T, db = sum d<t>, dx<t> = W^T d<t>. (gru: for R and c the delta of n is times r.)
// A step whose mask is 0 keeps the state, h<t> = h<t-1>, and its x gets no gradient.
// Shapes: x (N, T, C), weight (G U, C), recurrent_weight (G U, U), bias (G U), recurrent_bias (G U) of gru
// only, mask (N, T) one byte each or none, hidden and cell (N, U), the state before the first step, or none:
// zero. y (N, T, U), or h of the last step, (N, U). Backward overwrites what it writes. Saved for backward,
// time first: x (T, N, C), hidden (T + 1, N, U) from the initial state on, gates (T, N, G U), memory: c of
// lstm (T + 1, N, U), q of gru (T, N, U).
#pragma once

#include <string>

#include "core/tensor.h"
#include "kernels/recurrent.h"

namespace strate {

struct RecurrentInputs {
  Tensor weight, recurrent_weight, bias, recurrent_bias, mask, hidden, cell;
};
struct RecurrentSaved {
  Tensor x, hidden, gates, memory;
};
struct RecurrentForward {
  Tensor y;
  RecurrentSaved saved;
};
RecurrentForward recurrent_forward(const std::string& cell, const Tensor& x, const RecurrentInputs&,
                                   bool sequences);

struct RecurrentGradients {
  Tensor dweight, drecurrent_weight, dbias, drecurrent_bias;  // written; none: skipped
};
struct RecurrentBackward {
  Tensor dx, dhidden, dcell;  // dx is none unless it is asked for
};
RecurrentBackward recurrent_backward(const std::string& cell, const Tensor& dy, const RecurrentSaved&,
                                     const Tensor& weight, const Tensor& recurrent_weight, const Tensor& mask,
                                     const RecurrentGradients&, bool need_dx);

// Nanoseconds on one thread, of forward; backward takes about twice as long.
double recurrent_work(int64_t rows, const Tensor& weight, const Tensor& recurrent_weight);

struct RecurrentSizes {
  CellKind kind;
  int64_t time, batch, units, gates;  // gates: numbers of one row, count times units

  bool lstm() const { return kind == CellKind::lstm; }
  bool gru() const { return kind == CellKind::gru; }
};

// weight, in both: (U, G U) in memory. gates holds W x + b on entry of forward; dy is (T, N, U), or (N, U)
// for the last step alone. dh and dc end as the gradient of the initial state.
template <class T> struct RecurrentCuda {
  void (*swap)(T* to, const T* from, int64_t a, int64_t b,
               int64_t length);  // (a, b, length) from (b, a, length)
  void (*forward)(T* hidden, T* memory, T* gates, const T* weight, const T* bias, const uint8_t* mask,
                  const T* first_hidden, const T* first_cell, RecurrentSizes);
  void (*backward)(T* dgates, T* drecurrent, T* dh, T* dc, const T* dy, const T* hidden, const T* memory,
                   const T* gates, const T* weight, const uint8_t* mask, bool sequences, RecurrentSizes);
};

}  // namespace strate
