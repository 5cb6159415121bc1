// The factors of a product C (rows, columns) = A (rows, depth) B (depth, columns), and how a block copies
// tiles of them to shared memory. A factor has an outer axis (rows of A, columns of B) and the depth, which
// is summed over. It tells where its numbers lie, so a convolution's gathered pixels are a factor like any
// matrix:
//   part(i)        the factor of part i (a group, a residue class of pixels), an independent product of its
//   own outer(i), depth(k)   what an address takes of an outer index and of a depth: kept, as both are used
//   often at(outer, depth)     the number's address, or null where it is zero: padding, or beyond the edge
//   along_depth    neighbours in memory are neighbours in depth, else along the outer axis
//   heavy          its addresses take many registers
//   vectors        16 bytes of neighbours can be copied at once: they are aligned and all there or all zero
#pragma once

#include "cuda/core/instructions.h"

namespace strate::cuda {

template <class T> constexpr int vector_size = 16 / int(sizeof(T));

// A matrix in memory: (outer, depth) if along depth, else (depth, outer); `step` from one row to the next.
template <class T, bool Along> struct Matrix {
  static constexpr bool along_depth = Along, heavy = false;
  using Number = T;
  // Of the index along rows the address of the row, null beyond the edge; of the other its place, -1 beyond.
  using Row = const T*;
  using Place = int;

  const T* base;
  int outers, depths;
  int64_t step;
  int64_t part_step = 0;  // from one part's matrix to the next
  bool vectors = false;

  __device__ __forceinline__ Matrix part(int i) const {
    Matrix m = *this;
    m.base += i * part_step;
    return m;
  }
  __device__ __forceinline__ int depth_count() const { return depths; }
  __device__ __forceinline__ auto outer(int i) const { return index<Along>(i, outers); }
  __device__ __forceinline__ auto depth(int k) const { return index<!Along>(k, depths); }
  __device__ __forceinline__ const T* at(Row row, Place place) const {
    return row && place >= 0 ? row + place : nullptr;
  }
  __device__ __forceinline__ const T* at(Place place, Row row) const { return at(row, place); }

 private:
  template <bool IsRow> __device__ __forceinline__ auto index(int i, int count) const {
    if constexpr (IsRow) return i < count ? base + i * step : Row(nullptr);
    else return i < count ? i : Place(-1);
  }
};

// Whether a matrix can be copied in vectors: `inner` numbers in a row.
template <class T> bool in_vectors(const T* base, int64_t inner, int64_t step, int64_t part_step = 0) {
  constexpr int v = vector_size<T>;
  return reinterpret_cast<uintptr_t>(base) % 16 == 0 && inner % v == 0 && step % v == 0 && part_step % v == 0;
}

// A tile of Outer x Depth numbers in shared memory, laid as the factor lies in global memory. Rows are padded
// so that the lanes of a warp read from 32 banks: as 16-byte rows of ldmatrix (along depth, and bfloat16), or
// number by number; float32 `InPairs` is read two neighbouring depths at a time.
template <class Factor, int Outer, int Depth, bool InPairs> struct Tile {
  using T = typename Factor::Number;
  using OuterIndex = decltype(Factor().outer(0));
  static constexpr bool along = Factor::along_depth, narrow = sizeof(T) == 2;
  static constexpr int row =
      along ? Depth + (InPairs ? 8 : vector_size<T>) : Outer + (InPairs && !narrow ? 4 : 8);
  static constexpr int size = row * (along ? Outer : Depth);

  __device__ __forceinline__ static int place(int outer, int depth) {
    return along ? outer * row + depth : depth * row + outer;
  }

  // Starts to copy the tile that begins at `from` in depth; `outers` are its outer indices.
  template <int Threads>
  __device__ __forceinline__ static void copy(T* tile, const Factor& factor, const OuterIndex* outers,
                                              int from) {
    if (factor.vectors) copy_by<Threads, vector_size<T>>(tile, factor, outers, from);
    else copy_by<Threads, 1>(tile, factor, outers, from);
  }

 private:
  template <int Threads, int Width>
  __device__ __forceinline__ static void copy_by(T* tile, const Factor& factor, const OuterIndex* outers,
                                                 int from) {
    constexpr int inner = along ? Depth : Outer, rows = along ? Outer : Depth, across = inner / Width;
    constexpr int together = Threads / across;  // rows that the block copies at a time
    static_assert(Threads % across == 0 && inner % Width == 0 && rows % together == 0);
    const int first = int(threadIdx.x) / across, place = int(threadIdx.x) % across * Width;
    // Number by number there are too many addresses to keep.
    [[maybe_unused]] constexpr int unroll = Width > 1 ? rows / together : 1;
    if constexpr (Width * sizeof(T) < 4) {
      copy_singly<rows, together>(tile + first * row + place, [&](int r) {
        return along ? factor.at(outers[first + r], factor.depth(from + place))
                     : factor.at(outers[place], factor.depth(from + first + r));
      });
    } else if constexpr (along) {
      const auto depth = factor.depth(from + place);
#pragma unroll(unroll)
      for (int r = 0; r < rows; r += together)
        copy_one<Width>(tile + (first + r) * row + place, factor, factor.at(outers[first + r], depth));
    } else {
      const auto outer = outers[place];
#pragma unroll(unroll)
      for (int r = 0; r < rows; r += together)
        copy_one<Width>(tile + (first + r) * row + place, factor,
                        factor.at(outer, factor.depth(from + first + r)));
    }
  }
  template <int Width>
  __device__ __forceinline__ static void copy_one(T* to, const Factor& factor, const T* from) {
    constexpr int bytes = Width * int(sizeof(T));
    cp_async<bytes>(to, from ? from : factor.base, from ? bytes : 0);
  }

  // Two bytes are too few for cp.async: they pass through registers, some at a time, so that loads overlap.
  template <int Rows, int Together, class At>
  __device__ __forceinline__ static void copy_singly(T* to, At&& at) {
    constexpr int some = 8;
    static_assert(Rows % (some * Together) == 0);
#pragma unroll 1
    for (int r = 0; r < Rows; r += some * Together) {
      T values[some];
#pragma unroll
      for (int i = 0; i < some; i++) {
        const T* from = at(r + i * Together);
        values[i] = from ? *from : T{};
      }
#pragma unroll
      for (int i = 0; i < some; i++) to[(r + i * Together) * row] = values[i];
    }
  }
};

// The tiles of both factors pass through a ring of Stages pairs: while one is multiplied, the next ones
// arrive.
template <class Sum, class A, class B, int Rows, int Columns, int Depth, int Stages, int Threads,
          bool InPairs = false>
struct Ring {
  using TileA = Tile<A, Rows, Depth, InPairs>;
  using TileB = Tile<B, Columns, Depth, InPairs>;
  using NumberA = typename A::Number;
  using NumberB = typename B::Number;
  // In numbers of the sum: tiles of bfloat16 take half of them.
  static constexpr int size_a = TileA::size / int(sizeof(Sum) / sizeof(NumberA));
  static constexpr int stage = size_a + TileB::size / int(sizeof(Sum) / sizeof(NumberB));
  static constexpr size_t bytes = sizeof(Sum) * stage * Stages;

  // step(tile of A, tile of B) for depths from ... to in their order; `from` is a multiple of Depth.
  template <class Step>
  __device__ __forceinline__ static void pass(Sum* ring, const A& a, const B& b, int row, int column,
                                              int from, int to, Step&& step) {
    STRATE_SHARED(rows, typename TileA::OuterIndex[Rows]);
    STRATE_SHARED(columns, typename TileB::OuterIndex[Columns]);
    for (int i = threadIdx.x; i < Rows; i += Threads) rows[i] = a.outer(row + i);
    for (int i = threadIdx.x; i < Columns; i += Threads) columns[i] = b.outer(column + i);
    __syncthreads();
    auto start = [&](int at, int k) {
      Sum* tiles = ring + at * stage;
      if (k < to) {
        TileA::template copy<Threads>(reinterpret_cast<NumberA*>(tiles), a, rows, k);
        TileB::template copy<Threads>(reinterpret_cast<NumberB*>(tiles + size_a), b, columns, k);
      }
      cp_async_commit();
    };
    const auto multiply = [&](int at) {
      const Sum* tiles = ring + at * stage;
      step(reinterpret_cast<const NumberA*>(tiles), reinterpret_cast<const NumberB*>(tiles + size_a));
    };
    int at = 0;
    if constexpr (InPairs) {  // the code of a copy is long: it stands here once
      constexpr int ahead = (Stages - 1) * Depth;
      for (int k = from - ahead; k < to; k += Depth) {
        if (k >= from) {
          cp_async_wait<Stages - 2>();
          __syncthreads();
        }
        start(at, k + ahead);
        at = at + 1 == Stages ? 0 : at + 1;
        if (k >= from) multiply(at);
      }
    } else {
#pragma unroll
      for (int s = 0; s < Stages - 1; s++) start(s, from + s * Depth);
      for (int k = from; k < to; k += Depth) {
        cp_async_wait<Stages - 2>();
        __syncthreads();  // the tiles are there for all, and all are done with those that come next
        start(at == 0 ? Stages - 1 : at - 1, k + (Stages - 1) * Depth);
        multiply(at);
        at = at + 1 == Stages ? 0 : at + 1;
      }
    }
    __syncthreads();
  }
};

}  // namespace strate::cuda
