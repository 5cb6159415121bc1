#include "ops/recurrent.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/dense.h"
#include "ops/operands.h"
#include "ops/product.h"

namespace strate {
namespace {

constexpr const char* op = "recurrent";
constexpr int weight_order[] = {1, 0};
constexpr const char* names[] = {"rnn_tanh", "rnn_relu", "lstm", "gru"};
constexpr int64_t gate_counts[] = {1, 1, 4, 3};

CellKind kind_of(const std::string& name) {
  for (int i = 0; i < 4; i++)
    if (name == names[i]) return CellKind(i);
  fail_value(op, "a cell is rnn_tanh, rnn_relu, lstm or gru; got cell=", name);
}

using Sizes = RecurrentSizes;

Sizes sizes_of(const std::string& cell, int64_t time, int64_t batch, const Tensor& weight,
               const Tensor& recurrent_weight) {
  const CellKind kind = kind_of(cell);
  check(recurrent_weight.rank() == 2, op,
        "recurrent_weight is (gates * units, units); got recurrent_weight=", recurrent_weight.shape());
  const int64_t units = recurrent_weight.shape()[1], gates = gate_counts[int(kind)] * units;
  check(recurrent_weight.shape()[0] == gates, op, cell, " has ", gate_counts[int(kind)],
        " rows of recurrent_weight for a unit; got recurrent_weight=", recurrent_weight.shape());
  check(weight.rank() == 2 && weight.shape()[0] == gates, op, "weight has as many rows as recurrent_weight, ",
        gates, "; got weight=", weight.shape());
  return {kind, time, batch, units, gates};
}

void check_part(const char* name, const Tensor& t, const Tensor& x, const Shape& shape) {
  check_same_type(op, "x", x, name, t);
  check(t.shape() == shape, op, name, " is ", shape, "; got ", name, "=", t.shape());
}

void check_mask(const Tensor& x, const Tensor& mask, const Sizes& s) {
  if (!mask.defined()) return;
  check_same_device(op, "x", x, "mask", mask);
  if (mask.dtype() != DType::boolean && mask.dtype() != DType::uint8)
    fail_type(op, "mask is bool or uint8; got mask=", Described{mask});
  check(mask.shape() == Shape{s.batch, s.time}, op, "mask is ", Shape{s.batch, s.time},
        "; got mask=", mask.shape());
}

void check_inputs(const Tensor& x, const RecurrentInputs& in, const Sizes& s) {
  check_same_type(op, "x", x, "weight", in.weight);
  check(x.shape()[-1] == in.weight.shape()[1], op,
        "the last axis of x has the weight's number of inputs; got x=", x.shape(),
        ", weight=", in.weight.shape());
  check_same_type(op, "x", x, "recurrent_weight", in.recurrent_weight);
  check_part("bias", in.bias, x, {s.gates});
  check(in.recurrent_bias.defined() == s.gru(), op, "a recurrent_bias belongs to gru, and to no other cell");
  if (s.gru()) check_part("recurrent_bias", in.recurrent_bias, x, {s.gates});
  check(s.lstm() || !in.cell.defined(), op, "a state of cells belongs to lstm, and to no other cell");
  if (in.hidden.defined()) check_part("hidden", in.hidden, x, {s.batch, s.units});
  if (in.cell.defined()) check_part("cell", in.cell, x, {s.batch, s.units});
  check_mask(x, in.mask, s);
}

// The first or the last `time` steps of a tensor with one more.
Tensor steps(const Tensor& t, int64_t from, int64_t time) {
  Shape shape = t.shape();
  shape[0] = time;
  return t.view(from * t.strides()[0], shape, t.strides());
}

}  // namespace

double recurrent_work(int64_t rows, const Tensor& weight, const Tensor& recurrent_weight) {
  if (weight.rank() != 2 || recurrent_weight.rank() != 2) return 0;
  return cpu::product_work(rows, weight.shape()[0], weight.shape()[1] + recurrent_weight.shape()[1]);
}

namespace cpu {

// to[b, a] = from[a, b]: rows of some bytes, read in order.
void swap_rows(char* to, const char* from, int64_t a, int64_t b, int64_t bytes) {
  parallel_for(a, streaming_time(2 * a * b * bytes), [&](int64_t i, int) {
    for (int64_t j = 0; j < b; j++)
      std::memcpy(to + (j * a + i) * bytes, from + (i * b + j) * bytes, size_t(bytes));
  });
}

// The sequences of a batch do not meet: a task takes some of them through all steps, and nobody waits. Taller
// blocks where the recurrent weights are too large to stay beside a thread.
template <class F> void over_sequences(const Sizes& s, int64_t item, F&& f) {
  constexpr int64_t near = 512 << 10;  // bytes
  const int64_t unit = s.units * s.gates * item > near ? 16 : 8;
  const double work = product_work(s.time * s.batch, s.gates, s.units) + double(s.time * s.batch * s.gates);
  const int64_t parts = std::min(parts_up(s.batch, unit), tasks_for(work));
  parallel_for(parts, work, [&](int64_t task, int) { f(cut(s.batch, unit, parts, task)); });
}

// to (columns, rows) from the transpose of it.
template <class T> void transpose(T* to, const T* from, int64_t rows, int64_t columns) {
  constexpr int64_t unit = 32;
  const double work = streaming_time(4 * rows * columns * int64_t(sizeof(T)));
  parallel_ranges(rows, unit, work, [&](int64_t begin, int64_t end) {
    kernels<T>().gemm.transpose(to + begin, rows, from + begin * columns, columns, end - begin, columns);
  });
}

// c (rows, n) = or += a (rows, k) b (k, n) (+ bias)
template <class T>
void step_product(T* c, const T* a, const T* b, const T* bias, Span rows, int64_t n, int64_t k,
                  bool accumulate) {
  Product<T> p{c + rows.begin * n, a + rows.begin * k, b};
  p.m = rows.size();
  p.n = p.c_row = p.b_row = n;
  p.a_row = p.walk.length = k;
  p.bias = bias;
  p.accumulate = accumulate;
  kernels<T>().gemm.rows(p);
}

template <class T> void begin_with(T* state, const T* initial, Span rows, int64_t units) {
  const size_t bytes = size_t(rows.size() * units) * sizeof(T);
  if (initial) std::memcpy(state + rows.begin * units, initial + rows.begin * units, bytes);
  else std::memset(static_cast<void*>(state + rows.begin * units), 0, bytes);
}

// gates holds W x + b on entry. sums: room for (N, 3 U), of gru.
template <class T>
void recurrent_forward(T* hidden, T* memory, T* gates, T* sums, const T* weight, const T* bias,
                       const uint8_t* mask, const T* first_hidden, const T* first_cell, Sizes s) {
  const int64_t state = s.batch * s.units;
  over_sequences(s, sizeof(T), [&](Span rows) {
    begin_with(hidden, first_hidden, rows, s.units);
    if (s.lstm()) begin_with(memory, first_cell, rows, s.units);
    const int64_t at = rows.begin * s.units;
    for (int64_t t = 0; t < s.time; t++) {
      const T* before = hidden + t * state;
      T* sum = gates + t * s.batch * s.gates;
      step_product(s.gru() ? sums : sum, before, weight, bias, rows, s.gates, s.units, !s.gru());
      CellForward<T> step{};
      step.hidden = hidden + (t + 1) * state + at;
      step.gates = sum + rows.begin * s.gates;
      step.before = before + at;
      if (s.lstm()) step.memory = memory + (t + 1) * state + at, step.memory_before = memory + t * state + at;
      if (s.gru()) step.memory = memory + t * state + at, step.recurrent = sums + rows.begin * s.gates;
      step.mask = mask ? mask + rows.begin * s.time + t : nullptr;
      step.mask_step = s.time;
      step.rows = rows.size();
      step.units = s.units;
      kernels<T>().recurrent.forward(step, s.kind);
    }
  });
}

// dy (T, N, U), or (N, U) for the last step alone. transposed: R^T, (G U, U). dh and dc end as the gradient
// of the initial state.
template <class T>
void recurrent_backward(T* dgates, T* drecurrent, T* dh, T* dc, const T* dy, const T* hidden, const T* memory,
                        const T* gates, const T* transposed, const uint8_t* mask, bool sequences, Sizes s) {
  const int64_t state = s.batch * s.units, wide = s.batch * s.gates;
  over_sequences(s, sizeof(T), [&](Span rows) {
    begin_with<T>(dh, nullptr, rows, s.units);
    if (s.lstm()) begin_with<T>(dc, nullptr, rows, s.units);
    const int64_t at = rows.begin * s.units, gate = rows.begin * s.gates;
    for (int64_t t = s.time - 1; t >= 0; t--) {
      CellBackward<T> step{};
      step.dgates = dgates + t * wide + gate;
      if (s.gru()) step.drecurrent = drecurrent + t * wide + gate;
      step.dh = dh + at;
      if (s.lstm()) step.dc = dc + at;
      if (sequences || t == s.time - 1) step.dy = dy + (sequences ? t * state : 0) + at;
      step.hidden = hidden + (t + 1) * state + at;
      step.before = hidden + t * state + at;
      step.gates = gates + t * wide + gate;
      if (memory) step.memory = memory + (s.lstm() ? t + 1 : t) * state + at;
      if (s.lstm()) step.memory_before = memory + t * state + at;
      step.mask = mask ? mask + rows.begin * s.time + t : nullptr;
      step.mask_step = s.time;
      step.rows = rows.size();
      step.units = s.units;
      kernels<T>().recurrent.backward(step, s.kind);
      const T* delta = (s.gru() ? drecurrent : dgates) + t * wide;
      step_product<T>(dh, delta, transposed, nullptr, rows, s.units, s.gates, true);
    }
  });
}

}  // namespace cpu

namespace {

// (a, b, ...) as (b, a, ...), contiguous.
Tensor swapped(const Tensor& t_) {
  const Tensor t = contiguous(t_);
  const Shape shape{t.shape()[1], t.shape()[0], t.shape()[2]};
  if (shape[0] == 1 || shape[1] == 1) return t.reshape(shape);
  Tensor made = empty(shape, t.dtype(), t.device());
  if (t.count() == 0) return made;
  if (t.device() == Device::cpu)
    run(cpu::swap_rows, made, t, shape[1], shape[0], shape[2] * item_size(t.dtype()));
  else
    visit_real(t.dtype(), [&]<class T>() {
      run(on_cuda(&RecurrentCuda<T>::swap), made, t, shape[0], shape[1], shape[2]);
    });
  return made;
}

Tensor or_contiguous(const Tensor& t) { return t.defined() ? contiguous(t) : t; }

}  // namespace

RecurrentForward recurrent_forward(const std::string& cell, const Tensor& x_, const RecurrentInputs& in,
                                   bool sequences) {
  check_real(op, "x", x_);
  check(x_.rank() == 3, op, "x is (N, T, C); got x=", x_.shape());
  const Sizes s = sizes_of(cell, x_.shape()[1], x_.shape()[0], in.weight, in.recurrent_weight);
  check_inputs(x_, in, s);
  const DType type = x_.dtype();
  const Device device = x_.device();
  const Tensor x = swapped(x_), gates = dense_forward(x, in.weight, in.bias, {});
  const Tensor hidden = empty({s.time + 1, s.batch, s.units}, type, device);
  Tensor memory, sums;
  if (s.lstm()) memory = empty(hidden.shape(), type, device);
  if (s.gru()) memory = empty({s.time, s.batch, s.units}, type, device);
  if (s.gru() && device == Device::cpu) sums = empty({s.batch, s.gates}, type, device);
  const Tensor weight = in_order(in.recurrent_weight, weight_order), bias = or_contiguous(in.recurrent_bias);
  const Tensor mask = or_contiguous(in.mask), first = or_contiguous(in.hidden),
               cells = or_contiguous(in.cell);
  if (s.batch > 0)
    visit_real(type, [&]<class T>() {
      if (device == Device::cuda)
        return run(on_cuda(&RecurrentCuda<T>::forward), hidden, memory, gates, weight, bias, mask, first,
                   cells, s);
      run(cpu::recurrent_forward<T>, hidden, memory, gates, sums, weight, bias, mask, first, cells, s);
    });
  const Tensor y =
      sequences ? swapped(steps(hidden, 1, s.time)) : steps(hidden, s.time, 1).reshape({s.batch, s.units});
  return {y, {x, hidden, gates, memory}};
}

RecurrentBackward recurrent_backward(const std::string& cell, const Tensor& dy_, const RecurrentSaved& saved,
                                     const Tensor& weight, const Tensor& recurrent_weight,
                                     const Tensor& mask_, const RecurrentGradients& out, bool need_dx) {
  const Tensor &x = saved.x, &hidden = saved.hidden;
  check(x.rank() == 3 && hidden.rank() == 3, op, "backward takes what forward saved; got x=", x.shape(),
        ", hidden=", hidden.shape());
  const Sizes s = sizes_of(cell, x.shape()[0], x.shape()[1], weight, recurrent_weight);
  check_part("hidden", hidden, x, {s.time + 1, s.batch, s.units});
  check_part("gates", saved.gates, x, {s.time, s.batch, s.gates});
  if (s.lstm() || s.gru()) check_part("memory", saved.memory, x, {s.time + s.lstm(), s.batch, s.units});
  check(hidden.contiguous() && saved.gates.contiguous() &&
            (!saved.memory.defined() || saved.memory.contiguous()),
        op, "what forward saved is contiguous; got strides=", hidden.strides(), ", ", saved.gates.strides());
  check_mask(x, mask_, s);
  const bool sequences = dy_.rank() == 3;
  check_part("dy", dy_, x, sequences ? Shape{s.batch, s.time, s.units} : Shape{s.batch, s.units});
  const DType type = x.dtype();
  const Device device = x.device();
  const Tensor dy = sequences ? swapped(dy_) : contiguous(dy_), mask = or_contiguous(mask_);
  const Tensor dgates = empty(saved.gates.shape(), type, device);
  const Tensor drecurrent = s.gru() ? empty(dgates.shape(), type, device) : Tensor();
  RecurrentBackward result{Tensor(), empty({s.batch, s.units}, type, device), Tensor()};
  if (s.lstm()) result.dcell = empty({s.batch, s.units}, type, device);
  const Tensor in_rows = in_order(recurrent_weight, weight_order);
  if (s.batch > 0)
    visit_real(type, [&]<class T>() {
      if (device == Device::cuda)
        return run(on_cuda(&RecurrentCuda<T>::backward), dgates, drecurrent, result.dhidden, result.dcell, dy,
                   hidden, saved.memory, saved.gates, in_rows, mask, sequences, s);
      const Tensor transposed = empty({s.gates, s.units}, type, device);
      run(cpu::transpose<T>, transposed, in_rows, s.units, s.gates);
      run(cpu::recurrent_backward<T>, dgates, drecurrent, result.dhidden, result.dcell, dy, hidden,
          saved.memory, saved.gates, transposed, mask, sequences, s);
    });
  const Tensor none;
  result.dx = dense_backward(dgates, x, weight, none, {}, out.dweight, out.dbias, need_dx);
  if (need_dx) result.dx = swapped(result.dx);
  dense_backward(s.gru() ? drecurrent : dgates, steps(hidden, 0, s.time), recurrent_weight, none, {},
                 out.drecurrent_weight, out.drecurrent_bias, false);
  return result;
}

}  // namespace strate
