// How blocks go over a matrix (rows, columns) whose columns are channels. A thread has V neighbouring
// columns, so what belongs to a channel stays in its registers, and every `slices`-th row of its block's
// chunk of rows; the threads of a row read what is contiguous. All of it is fixed by the shape; whoever
// calls has seen to it that x begins at a multiple of 16 bytes.
#pragma once

#include "cuda/core/pack.h"
#include "cuda/core/reduce.h"

namespace strate::cuda {

struct Columns {
  int64_t rows, columns, chunks, chunk_rows;
  int tile, tiles, slices;  // threads beside each other, of which `tiles` blocks make a row; rows at a time
};

// What with_packs takes.
template <class T> int width_of(int64_t columns) {
  return sizeof(T) < 8 && columns % pack_width<T> == 0 ? pack_width<T> : 1;
}

// About `depth` rows for a thread, more where that would be more than `most` blocks.
template <class T> Columns columns_of(int64_t rows, int64_t columns, int64_t depth, int64_t most) {
  const int64_t units = columns / width_of<T>(columns), tiles = (units + 31) / 32;
  Columns c{rows, columns, 1, rows, int((units + tiles - 1) / tiles), int(tiles), 1};
  c.slices = block_size / c.tile;
  const int64_t chunks =
      std::clamp<int64_t>(rows / (c.slices * depth), 1, std::max<int64_t>(most / tiles, 1));
  c.chunk_rows = std::max<int64_t>((rows + chunks - 1) / chunks, 1);
  c.chunks = std::max<int64_t>((rows + c.chunk_rows - 1) / c.chunk_rows, 1);
  return c;
}

// For sums: few enough chunks that adding them is quick. For maps: enough blocks to keep any device busy.
template <class T> Columns columns_of_sums(int64_t rows, int64_t columns) {
  return columns_of<T>(rows, columns, 16, 1024);
}
template <class T> Columns columns_of_maps(int64_t rows, int64_t columns) {
  return columns_of<T>(rows, columns, 8, 16384);
}

inline Grid grid_of(const Columns& c) { return blocks_of(c.tiles * c.chunks); }

// What a thread has: columns ... + V, and rows begin, begin + step, ... < end. A thread without work, beyond
// the last column or slice, has no rows; it still takes part in the block's sums.
struct Share {
  int64_t column, chunk, begin, end, pack, packs;
  int unit, slice, step;
  bool idle;

  template <int V> __device__ __forceinline__ static Share of(const Columns& c) {
    Share s;
    s.unit = int(threadIdx.x) % c.tile;
    s.slice = int(threadIdx.x) / c.tile;
    s.step = c.slices;
    s.chunk = blockIdx.x / c.tiles;
    s.pack = int64_t(blockIdx.x % c.tiles) * c.tile + s.unit;
    s.packs = c.columns / V;
    s.column = s.pack * V;
    s.idle = s.slice >= c.slices || s.column >= c.columns;
    s.begin = s.chunk * c.chunk_rows + s.slice;
    s.end = (s.chunk + 1) * c.chunk_rows < c.rows ? (s.chunk + 1) * c.chunk_rows : c.rows;
    if (s.idle) s.end = s.begin;
    return s;
  }

  // Of the pack in a row. A multiple of V to the compiler's eyes, which makes one store of a pack only then.
  template <int V> __device__ __forceinline__ int64_t at(int64_t row) const {
    return (row * packs + pack) * V;
  }
};

// The slices' values of a column become one, in pairs whose order is fixed, in the threads of slice 0. All
// threads of the block call it.
template <int V, class Value, class Merge>
__device__ __forceinline__ void merge_slices(Value (&values)[V], const Share& s, const Columns& c,
                                             Merge merge) {
  STRATE_SHARED(room, Value[V][block_size]);
  for (int n = c.slices; n > 1;) {
    const int half = (n + 1) / 2;
    if (s.slice >= half && s.slice < n)
      for (int j = 0; j < V; j++) room[j][threadIdx.x] = values[j];
    __syncthreads();
    if (s.slice + half < n)
      for (int j = 0; j < V; j++) values[j] = merge(values[j], room[j][int(threadIdx.x) + half * c.tile]);
    __syncthreads();
    n = half;
  }
}

// Two sums of a column in double precision. Where they are long, they are made of short ones in T.
struct Pair {
  double first, second;
};
struct AddPairs {
  __device__ __forceinline__ Pair operator()(Pair a, Pair b) const {
    return {a.first + b.first, a.second + b.second};
  }
};
constexpr int64_t short_sum = 64;

// add(row, first, second) for the thread's rows, which adds to two packs; then the sums over the block's rows
// go to parts[chunk][0 and 1][column]. Together: rows in a turn, whose loads overlap.
template <class T, int V, int Together = 4, class F>
__device__ __forceinline__ void sum_rows(double* parts, const Columns& c, const Share& s, F&& add) {
  Pair sums[V];
  for (int j = 0; j < V; j++) sums[j] = {0, 0};
  for (int64_t from = s.begin; from < s.end; from += short_sum * s.step) {
    const int64_t limit = from + short_sum * s.step, end = limit < s.end ? limit : s.end;
    Pack<T, V> first, second;
    for (int j = 0; j < V; j++) first.at[j] = second.at[j] = T(0);
#pragma unroll(Together)
    for (int64_t row = from; row < end; row += s.step) add(row, first, second);
    for (int j = 0; j < V; j++) {
      sums[j].first += double(first.at[j]);
      sums[j].second += double(second.at[j]);
    }
  }
  merge_slices<V>(sums, s, c, AddPairs{});
  if (s.idle || s.slice > 0) return;
  for (int j = 0; j < V; j++) {
    double* to = parts + s.chunk * 2 * c.columns + s.column + j;
    to[0] = sums[j].first;
    to[c.columns] = sums[j].second;
  }
}

// What sum_rows left, of one column, added by a warp.
__device__ __forceinline__ Pair sum_parts(const double* parts, int64_t chunks, int64_t columns,
                                          int64_t column) {
  Pair sum{0, 0};
  for (int64_t chunk = int(threadIdx.x) % warp_size; chunk < chunks; chunk += warp_size) {
    const double* from = parts + chunk * 2 * columns + column;
    sum = AddPairs{}(sum, {from[0], from[columns]});
  }
  return {warp_sum(sum.first), warp_sum(sum.second)};
}

// f(column, lane) in a kernel launched with grid_of_warps(columns): a warp for each column.
inline Grid grid_of_warps(int64_t n) { return grid_of(n * warp_size); }
template <class F> __device__ __forceinline__ void for_each_warp(int64_t n, F&& f) {
  const int64_t step = int64_t(gridDim.x) * (block_size / warp_size);
  const int lane = int(threadIdx.x) % warp_size;
  for (int64_t i = int64_t(blockIdx.x) * (block_size / warp_size) + int(threadIdx.x) / warp_size; i < n;
       i += step)
    f(i, lane);
}

// A gradient that is written, and its flag; null: not asked for.
template <class T> struct Gradient {
  T* to;
  Flag* nonfinite;

  __device__ __forceinline__ void write(int64_t i, double value) const {
    if (!to) return;
    const T rounded = T(value);
    to[i] = rounded;
    if (!(rounded - rounded == T(0))) raise(nonfinite);
  }
};

}  // namespace strate::cuda
