#include "ops/recurrent.h"

#include "cuda/core/launch.h"
#include "cuda/ops/recurrent_cell.h"
#include "cuda/ops/recurrent_product.h"

namespace strate::cuda {
namespace {

// The tile of a block: where its rows and units begin.
template <class Product> struct Tile {
  int64_t row, unit;

  __device__ __forceinline__ explicit Tile(int64_t units) {
    const int64_t across = (units + Product::units - 1) / Product::units;
    row = blockIdx.x / across * Product::rows;
    unit = blockIdx.x % across * Product::units;
  }
};
template <class Product> Grid grid_of_tiles(int64_t rows, int64_t units) {
  const auto tiles = [](int64_t n, int64_t side) { return (n + side - 1) / side; };
  return blocks_of(tiles(rows, Product::rows) * tiles(units, Product::units));
}

template <class Step> __device__ __forceinline__ bool is_masked(const Step& s, int64_t row) {
  return s.mask && s.mask[row * s.mask_step] == 0;
}

// A step: the sums over the state before, and at once the cells that they belong to. weight: (units, gates *
// units).
template <class Cell, class T> __global__ void forward_kernel(CellForward<T> s, const T* weight) {
  using Product = StepProduct<T, Cell::gates>;
  const Tile<Product> tile(s.units);
  const int64_t wide = Cell::gates * s.units;
  Product product;
  product.clear();
  product.template sum<false>(
      s.units,
      [&](int row, int64_t k) {
        return tile.row + row < s.rows ? s.before[(tile.row + row) * s.units + k] : T(0);
      },
      [&](int64_t k, int gate, int unit) {
        return tile.unit + unit < s.units ? weight[k * wide + gate * s.units + tile.unit + unit] : T(0);
      });
  const int64_t unit = tile.unit + Product::unit();
  for (int i = 0; i < Product::own_rows; i++) {
    const int64_t row = tile.row + Product::row(i), at = row * s.units + unit;
    if (row >= s.rows || unit >= s.units) continue;
    if (!is_masked(s, row)) {
      Cell::forward(s, at, row * wide + unit, product.sums[i]);
      continue;
    }
    s.hidden[at] = s.before[at];
    if (s.memory) s.memory[at] = s.memory_before ? s.memory_before[at] : T(0);
  }
}

// What the later step gave to the state, by its delta (or null) and by what went past its gates, and this
// step's cells. Without `cells` the state is the one before the first step; the first to run finds nothing in
// dh and dc.
template <class Cell, class T>
__global__ void backward_kernel(CellBackward<T> s, const T* delta, const T* weight, bool cells, bool first) {
  using Product = StepProduct<T, 1>;
  const Tile<Product> tile(s.units);
  const int64_t wide = Cell::gates * s.units;
  Product product;
  product.clear();
  if (delta)
    product.template sum<true>(
        wide,
        [&](int row, int64_t k) {
          return tile.row + row < s.rows ? delta[(tile.row + row) * wide + k] : T(0);
        },
        [&](int64_t k, int, int unit) {
          return tile.unit + unit < s.units ? weight[(tile.unit + unit) * wide + k] : T(0);
        });
  const int64_t unit = tile.unit + Product::unit();
  for (int i = 0; i < Product::own_rows; i++) {
    const int64_t row = tile.row + Product::row(i), at = row * s.units + unit, gate = row * wide + unit;
    if (row >= s.rows || unit >= s.units) continue;
    T dh = first ? T(0) : s.dh[at] + product.sums[i][0], dc = first || !s.dc ? T(0) : s.dc[at];
    if (cells) {
      if (s.dy) dh += s.dy[at];
      if (!is_masked(s, row)) Cell::backward(s, at, gate, dh, dc);
      else
        for (int g = 0; g < Cell::gates; g++) {
          s.dgates[gate + g * s.units] = T(0);
          if (s.drecurrent) s.drecurrent[gate + g * s.units] = T(0);
        }
    }
    s.dh[at] = dh;
    if (s.dc) s.dc[at] = dc;
  }
}

template <class T> __global__ void begin_kernel(T* state, const T* initial, int64_t n) {
  for_each(n, [&](int64_t i) { state[i] = initial ? initial[i] : T(0); });
}

// to[j, i] = from[i, j]: rows of `length` numbers.
template <class T> __global__ void swap_kernel(T* to, const T* from, int64_t a, int64_t b, int64_t length) {
  for_each(a * b * length, [&](int64_t i) {
    const int64_t row = i / length;
    to[(row % a * b + row / a) * length + i % length] = from[i];
  });
}

template <class T> void swap(T* to, const T* from, int64_t a, int64_t b, int64_t length) {
  constexpr int V = pack_width<T>;
  if (length % V == 0 && aligned(to, from))
    return launch("recurrent_swap", swap_kernel<Pack<T, V>>, grid_of(a * b * length / V),
                  reinterpret_cast<Pack<T, V>*>(to), reinterpret_cast<const Pack<T, V>*>(from), a, b,
                  length / V);
  launch("recurrent_swap", swap_kernel<T>, grid_of(a * b * length), to, from, a, b, length);
}

template <class T>
void forward(T* hidden, T* memory, T* gates, const T* weight, const T* bias, const uint8_t* mask,
             const T* first_hidden, const T* first_cell, RecurrentSizes s) {
  const int64_t state = s.batch * s.units;
  if (state == 0) return;
  launch("recurrent_begin", begin_kernel<T>, grid_of(state), hidden, first_hidden, state);
  if (s.lstm()) launch("recurrent_begin", begin_kernel<T>, grid_of(state), memory, first_cell, state);
  with_cell(s.kind, [&]<class Cell>() {
    for (int64_t t = 0; t < s.time; t++) {
      CellForward<T> step{};
      step.hidden = hidden + (t + 1) * state;
      step.before = hidden + t * state;
      step.gates = gates + t * s.batch * s.gates;
      if (s.lstm()) step.memory = memory + (t + 1) * state, step.memory_before = memory + t * state;
      if (s.gru()) step.memory = memory + t * state, step.recurrent = bias;
      step.mask = mask ? mask + t : nullptr;
      step.mask_step = s.time;
      step.rows = s.batch;
      step.units = s.units;
      launch("recurrent_forward", forward_kernel<Cell, T>,
             grid_of_tiles<StepProduct<T, Cell::gates>>(s.batch, s.units), step, weight);
    }
  });
}

template <class T>
void backward(T* dgates, T* drecurrent, T* dh, T* dc, const T* dy, const T* hidden, const T* memory,
              const T* gates, const T* weight, const uint8_t* mask, bool sequences, RecurrentSizes s) {
  const int64_t state = s.batch * s.units, wide = s.batch * s.gates, last = s.time - 1;
  if (state == 0) return;
  const Grid grid = grid_of_tiles<StepProduct<T, 1>>(s.batch, s.units);
  with_cell(s.kind, [&]<class Cell>() {
    for (int64_t t = last; t >= -1; t--) {
      CellBackward<T> step{};
      step.dh = dh;
      step.dc = dc;
      step.rows = s.batch;
      step.units = s.units;
      if (t >= 0) {
        step.dgates = dgates + t * wide;
        if (s.gru()) step.drecurrent = drecurrent + t * wide;
        if (sequences || t == last) step.dy = dy + (sequences ? t * state : 0);
        step.hidden = hidden + (t + 1) * state;
        step.before = hidden + t * state;
        step.gates = gates + t * wide;
        if (memory) step.memory = memory + (s.lstm() ? t + 1 : t) * state;
        if (s.lstm()) step.memory_before = memory + t * state;
        step.mask = mask ? mask + t : nullptr;
        step.mask_step = s.time;
      }
      const T* delta = t < last ? (s.gru() ? drecurrent : dgates) + (t + 1) * wide : nullptr;
      launch("recurrent_backward", backward_kernel<Cell, T>, grid, step, delta, weight, t >= 0, t == last);
    }
  });
}

template <class T> void fill_part(RecurrentCuda<T>& part) { part = {swap<T>, forward<T>, backward<T>}; }

}  // namespace

void fill(RecurrentCuda<float>& part) { fill_part(part); }
void fill(RecurrentCuda<double>& part) { fill_part(part); }

}  // namespace strate::cuda
