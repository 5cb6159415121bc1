// One step of a recurrent cell, for some sequences of a batch: from the sums before the gates to the state,
// and back. The formulas are in ops/recurrent.h. A row whose byte in `mask` is 0 keeps the state of the step
// before.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

enum class CellKind : int32_t { rnn_tanh, rnn_relu, lstm, gru };

template <class T> struct CellForward {
  T *hidden, *memory;               // (rows, units); memory: c of lstm, q of gru
  T* gates;                         // (rows, gates * units): sums on entry, the gates' values on return
  const T *before, *memory_before;  // hidden, and c of lstm, of the step before
  const T* recurrent;               // gru: (rows, 3 * units), the sums over the state before
  const uint8_t* mask;              // or null; from one row to the next mask_step bytes
  int64_t mask_step;
  int64_t rows, units;
};

template <class T> struct CellBackward {
  T *dgates,
      *drecurrent;  // (rows, gates * units), by the sums; drecurrent: gru, by those over the state before
  T *dh, *dc;   // (rows, units): on entry the gradient that comes from later steps, on return what goes past
                // the gates to the step before; dc: lstm
  const T* dy;  // (rows, units), added to dh on entry, or null
  const T *hidden, *memory, *gates, *before, *memory_before;
  const uint8_t* mask;
  int64_t mask_step;
  int64_t rows, units;
};

template <class T> struct RecurrentKernels {
  void (*forward)(const CellForward<T>&, CellKind);
  void (*backward)(const CellBackward<T>&, CellKind);

  template <class F> static void list(F&& visit) {
    visit("recurrent.forward", member<&RecurrentKernels::forward>);
    visit("recurrent.backward", member<&RecurrentKernels::backward>);
  }
};

}  // namespace strate
