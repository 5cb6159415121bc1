// The parallel axis is the units: a register of each gate at a time, so that every number is read and written
// once and no gate's value leaves its register in between.
#include "kernels/recurrent.h"

#include "simd/activation.h"
#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> void copy(T* to, const T* from, int64_t n) {
  each_register<T>(n, [=]<bool partial>(int64_t i, First<T> f) {
    store_first<T, partial>(to + i, load_first<T, partial>(from + i, f), f);
  });
}

template <class T> void clear(T* to, int64_t n) {
  each_register<T>(
      n, [=]<bool partial>(int64_t i, First<T> f) { store_first<T, partial>(to + i, zero<T>(), f); });
}

template <class T> void add(T* to, const T* from, int64_t n) {
  each_register<T>(n, [=]<bool partial>(int64_t i, First<T> f) {
    store_first<T, partial>(to + i, load_first<T, partial>(to + i, f) + load_first<T, partial>(from + i, f),
                            f);
  });
}

template <class T> STRATE_INLINE Vec<T> through_sigmoid(Vec<T> dy, Vec<T> y) {
  return activate_backward<ActivationKind::sigmoid, T>(dy, y, 0);
}
template <class T> STRATE_INLINE Vec<T> through_tanh(Vec<T> dy, Vec<T> y) {
  return activate_backward<ActivationKind::tanh, T>(dy, y, 0);
}

// One row of a step: the same pointers, moved to it.
template <class T> CellForward<T> row_of(CellForward<T> s, int64_t row, int64_t gates) {
  const int64_t at = row * s.units;
  s.hidden += at, s.before += at, s.gates += at * gates;
  if (s.memory) s.memory += at;
  if (s.memory_before) s.memory_before += at;
  if (s.recurrent) s.recurrent += at * gates;
  return s;
}
template <class T> CellBackward<T> row_of(CellBackward<T> s, int64_t row, int64_t gates) {
  const int64_t at = row * s.units;
  s.dgates += at * gates, s.gates += at * gates, s.dh += at, s.hidden += at, s.before += at;
  if (s.drecurrent) s.drecurrent += at * gates;
  if (s.dc) s.dc += at;
  if (s.memory) s.memory += at;
  if (s.memory_before) s.memory_before += at;
  return s;
}
template <class Step> bool is_masked(const Step& s, int64_t row) {
  return s.mask && s.mask[row * s.mask_step] == 0;
}

template <ActivationKind kind> struct Plain {
  static constexpr int64_t gates = 1;

  template <class T> static void forward(const CellForward<T>& s) {
    each_register<T>(s.units, [&s]<bool partial>(int64_t i, First<T> f) {
      store_first<T, partial>(s.hidden + i, activate<kind, T>(load_first<T, partial>(s.gates + i, f), 0), f);
    });
  }

  template <class T> static void backward(const CellBackward<T>& s) {
    each_register<T>(s.units, [&s]<bool partial>(int64_t i, First<T> f) {
      const Vec<T> dh = load_first<T, partial>(s.dh + i, f), h = load_first<T, partial>(s.hidden + i, f);
      store_first<T, partial>(s.dgates + i, activate_backward<kind, T>(dh, h, 0), f);
      store_first<T, partial>(s.dh + i, zero<T>(), f);
    });
  }
};

struct Lstm {
  static constexpr int64_t gates = 4;

  template <class T> static void forward(const CellForward<T>& s) {
    const int64_t n = s.units;
    each_register<T>(n, [&s, n]<bool partial>(int64_t i, First<T> f) {
      T* at = s.gates + i;
      const Vec<T> in = sigmoid<T>(load_first<T, partial>(at, f));
      const Vec<T> forget = sigmoid<T>(load_first<T, partial>(at + n, f));
      const Vec<T> g = tanh<T>(load_first<T, partial>(at + 2 * n, f));
      const Vec<T> out = sigmoid<T>(load_first<T, partial>(at + 3 * n, f));
      const Vec<T> c = fmadd(forget, load_first<T, partial>(s.memory_before + i, f), in * g);
      store_first<T, partial>(at, in, f);
      store_first<T, partial>(at + n, forget, f);
      store_first<T, partial>(at + 2 * n, g, f);
      store_first<T, partial>(at + 3 * n, out, f);
      store_first<T, partial>(s.memory + i, c, f);
      store_first<T, partial>(s.hidden + i, out * tanh<T>(c), f);
    });
  }

  template <class T> static void backward(const CellBackward<T>& s) {
    const int64_t n = s.units;
    each_register<T>(n, [&s, n]<bool partial>(int64_t i, First<T> f) {
      const T* at = s.gates + i;
      T* to = s.dgates + i;
      const Vec<T> in = load_first<T, partial>(at, f), forget = load_first<T, partial>(at + n, f);
      const Vec<T> g = load_first<T, partial>(at + 2 * n, f), out = load_first<T, partial>(at + 3 * n, f);
      const Vec<T> tanh_c = tanh<T>(load_first<T, partial>(s.memory + i, f));
      const Vec<T> dh = load_first<T, partial>(s.dh + i, f);
      const Vec<T> dc = load_first<T, partial>(s.dc + i, f) + through_tanh<T>(dh * out, tanh_c);
      const Vec<T> c_before = load_first<T, partial>(s.memory_before + i, f);
      store_first<T, partial>(to, through_sigmoid<T>(dc * g, in), f);
      store_first<T, partial>(to + n, through_sigmoid<T>(dc * c_before, forget), f);
      store_first<T, partial>(to + 2 * n, through_tanh<T>(dc * in, g), f);
      store_first<T, partial>(to + 3 * n, through_sigmoid<T>(dh * tanh_c, out), f);
      store_first<T, partial>(s.dc + i, dc * forget, f);
      store_first<T, partial>(s.dh + i, zero<T>(), f);
    });
  }
};

struct Gru {
  static constexpr int64_t gates = 3;

  template <class T> static void forward(const CellForward<T>& s) {
    const int64_t n = s.units;
    each_register<T>(n, [&s, n]<bool partial>(int64_t i, First<T> f) {
      T* at = s.gates + i;
      const T* sums = s.recurrent + i;
      const Vec<T> r = sigmoid<T>(load_first<T, partial>(at, f) + load_first<T, partial>(sums, f));
      const Vec<T> z = sigmoid<T>(load_first<T, partial>(at + n, f) + load_first<T, partial>(sums + n, f));
      const Vec<T> q = load_first<T, partial>(sums + 2 * n, f);
      const Vec<T> g = tanh<T>(fmadd(r, q, load_first<T, partial>(at + 2 * n, f)));
      store_first<T, partial>(at, r, f);
      store_first<T, partial>(at + n, z, f);
      store_first<T, partial>(at + 2 * n, g, f);
      store_first<T, partial>(s.memory + i, q, f);
      store_first<T, partial>(s.hidden + i, fmadd(z, load_first<T, partial>(s.before + i, f) - g, g), f);
    });
  }

  template <class T> static void backward(const CellBackward<T>& s) {
    const int64_t n = s.units;
    each_register<T>(n, [&s, n]<bool partial>(int64_t i, First<T> f) {
      const T* at = s.gates + i;
      const Vec<T> r = load_first<T, partial>(at, f), z = load_first<T, partial>(at + n, f);
      const Vec<T> g = load_first<T, partial>(at + 2 * n, f), q = load_first<T, partial>(s.memory + i, f);
      const Vec<T> dh = load_first<T, partial>(s.dh + i, f), h = load_first<T, partial>(s.before + i, f);
      const Vec<T> dg = through_tanh<T>(dh * (broadcast<T>(1) - z), g);
      const Vec<T> dr = through_sigmoid<T>(dg * q, r), dz = through_sigmoid<T>(dh * (h - g), z);
      T* to[2] = {s.dgates + i, s.drecurrent + i};
      for (int k = 0; k < 2; k++) {
        store_first<T, partial>(to[k], dr, f);
        store_first<T, partial>(to[k] + n, dz, f);
      }
      store_first<T, partial>(to[0] + 2 * n, dg, f);
      store_first<T, partial>(to[1] + 2 * n, dg * r, f);
      store_first<T, partial>(s.dh + i, dh * z, f);
    });
  }
};

template <class Cell, class T> void forward_rows(const CellForward<T>& step) {
  for (int64_t row = 0; row < step.rows; row++) {
    const CellForward<T> s = row_of(step, row, Cell::gates);
    if (!is_masked(step, row)) {
      Cell::forward(s);
      continue;
    }
    copy(s.hidden, s.before, s.units);
    if (s.memory) {
      if (s.memory_before) copy(s.memory, s.memory_before, s.units);
      else clear(s.memory, s.units);
    }
  }
}

template <class Cell, class T> void backward_rows(const CellBackward<T>& step) {
  for (int64_t row = 0; row < step.rows; row++) {
    const CellBackward<T> s = row_of(step, row, Cell::gates);
    if (step.dy) add(s.dh, step.dy + row * step.units, s.units);
    if (!is_masked(step, row)) {
      Cell::backward(s);
      continue;
    }
    clear(s.dgates, Cell::gates * s.units);
    if (s.drecurrent) clear(s.drecurrent, Cell::gates * s.units);
  }
}

template <class F> STRATE_INLINE void with_cell(CellKind kind, F f) {
  switch (kind) {
    case CellKind::rnn_relu:
      return f.template operator()<Plain<ActivationKind::relu>>();
    case CellKind::lstm:
      return f.template operator()<Lstm>();
    case CellKind::gru:
      return f.template operator()<Gru>();
    default:
      return f.template operator()<Plain<ActivationKind::tanh>>();
  }
}

template <class T> void forward(const CellForward<T>& step, CellKind kind) {
  with_cell(kind, [&step]<class Cell>() { forward_rows<Cell>(step); });
}

template <class T> void backward(const CellBackward<T>& step, CellKind kind) {
  with_cell(kind, [&step]<class Cell>() { backward_rows<Cell>(step); });
}

template <class T> void fill_part(RecurrentKernels<T>& k) {
  k.forward = forward<T>;
  k.backward = backward<T>;
}

}  // namespace

void fill(RecurrentKernels<float>& k) { fill_part(k); }
void fill(RecurrentKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
