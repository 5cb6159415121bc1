// One step of a recurrent cell for one sequence and unit; the formulas are in ops/recurrent.h. `at` is its
// place in (rows, units), `gate` that of its first gate in (rows, gates * units).
#pragma once

#include "cuda/ops/activation.h"
#include "kernels/recurrent.h"

namespace strate::cuda {

template <class T> __device__ __forceinline__ T sigmoid(T x) {
  return activate<ActivationKind::sigmoid>(x, T(0));
}
template <class T> __device__ __forceinline__ T through_sigmoid(T dy, T y) {
  return activate_backward<ActivationKind::sigmoid>(dy, y, T(0));
}
template <class T> __device__ __forceinline__ T through_tanh(T dy, T y) {
  return activate_backward<ActivationKind::tanh>(dy, y, T(0));
}

// sums: over the state before, of each gate. backward takes the gradient dh of the unit's state, and dc of
// its cell, and leaves what goes past the gates to the step before.
template <ActivationKind kind> struct PlainCell {
  static constexpr int gates = 1;

  template <class T>
  __device__ static void forward(const CellForward<T>& s, int64_t at, int64_t gate, const T (&sums)[1]) {
    const T z = s.gates[gate] + sums[0];
    s.gates[gate] = z;
    s.hidden[at] = activate<kind>(z, T(0));
  }
  template <class T>
  __device__ static void backward(const CellBackward<T>& s, int64_t at, int64_t gate, T& dh, T&) {
    s.dgates[gate] = activate_backward<kind>(dh, s.hidden[at], T(0));
    dh = T(0);
  }
};

struct LstmCell {
  static constexpr int gates = 4;

  template <class T>
  __device__ static void forward(const CellForward<T>& s, int64_t at, int64_t gate, const T (&sums)[4]) {
    T* z = s.gates + gate;
    const int64_t n = s.units;
    const T in = sigmoid(z[0] + sums[0]), forget = sigmoid(z[n] + sums[1]);
    const T g = tanh(z[2 * n] + sums[2]), out = sigmoid(z[3 * n] + sums[3]);
    const T c = forget * s.memory_before[at] + in * g;
    z[0] = in;
    z[n] = forget;
    z[2 * n] = g;
    z[3 * n] = out;
    s.memory[at] = c;
    s.hidden[at] = out * tanh(c);
  }
  template <class T>
  __device__ static void backward(const CellBackward<T>& s, int64_t at, int64_t gate, T& dh, T& dc) {
    const T* y = s.gates + gate;
    T* to = s.dgates + gate;
    const int64_t n = s.units;
    const T in = y[0], forget = y[n], g = y[2 * n], out = y[3 * n], tanh_c = tanh(s.memory[at]);
    dc += through_tanh(dh * out, tanh_c);
    to[0] = through_sigmoid(dc * g, in);
    to[n] = through_sigmoid(dc * s.memory_before[at], forget);
    to[2 * n] = through_tanh(dc * in, g);
    to[3 * n] = through_sigmoid(dh * tanh_c, out);
    dc *= forget;
    dh = T(0);
  }
};

// s.recurrent: the bias of the sums over the state before.
struct GruCell {
  static constexpr int gates = 3;

  template <class T>
  __device__ static void forward(const CellForward<T>& s, int64_t at, int64_t gate, const T (&sums)[3]) {
    T* y = s.gates + gate;
    const int64_t n = s.units;
    const T* bias = s.recurrent + at % n;
    const T r = sigmoid(y[0] + (sums[0] + bias[0])), z = sigmoid(y[n] + (sums[1] + bias[n]));
    const T q = sums[2] + bias[2 * n], g = tanh(r * q + y[2 * n]);
    y[0] = r;
    y[n] = z;
    y[2 * n] = g;
    s.memory[at] = q;
    s.hidden[at] = z * (s.before[at] - g) + g;
  }
  template <class T>
  __device__ static void backward(const CellBackward<T>& s, int64_t at, int64_t gate, T& dh, T&) {
    const T* y = s.gates + gate;
    const int64_t n = s.units;
    const T r = y[0], z = y[n], g = y[2 * n];
    const T dg = through_tanh(dh * (T(1) - z), g);
    const T dr = through_sigmoid(dg * s.memory[at], r), dz = through_sigmoid(dh * (s.before[at] - g), z);
    T* const to[2] = {s.dgates + gate, s.drecurrent + gate};
    for (int k = 0; k < 2; k++) {
      to[k][0] = dr;
      to[k][n] = dz;
    }
    s.dgates[gate + 2 * n] = dg;
    s.drecurrent[gate + 2 * n] = dg * r;
    dh *= z;
  }
};

// f.operator()<Cell>()
template <class F> void with_cell(CellKind kind, F&& f) {
  switch (kind) {
    case CellKind::rnn_relu:
      return f.template operator()<PlainCell<ActivationKind::relu>>();
    case CellKind::lstm:
      return f.template operator()<LstmCell>();
    case CellKind::gru:
      return f.template operator()<GruCell>();
    default:
      return f.template operator()<PlainCell<ActivationKind::tanh>>();
  }
}

}  // namespace strate::cuda
