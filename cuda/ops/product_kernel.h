// The kernel of all products: a block for each tile of the result, and its launch.
// A product may consist of parts (the groups of a convolution) and, where the result is small and the sum
// long, be cut into at most 16 chunks of depth fixed by the shape alone: each writes its own result, added
// afterwards in their order.
#pragma once

#include <climits>

#include "cuda/core/pack.h"
#include "cuda/ops/activation.h"
#include "cuda/ops/product_bfloat16.h"
#include "cuda/ops/product_exact.h"
#include "cuda/ops/product_tensor.h"

namespace strate::cuda {

// What becomes of a sum: the bias of its column, the activation, and a flag where the number is not finite.
template <class T> struct Finish {
  const T* bias = nullptr;
  ActivationKind activation = ActivationKind::identity;
  T slope = T(0);
  Flag* flag = nullptr;

  __device__ __forceinline__ T operator()(T sum, int column) const {
    if (bias) sum += bias[column];
    if (flag && !(sum - sum == T(0))) raise(flag);
    switch (activation) {
      case ActivationKind::relu:
        return activate<ActivationKind::relu>(sum, slope);
      case ActivationKind::leaky_relu:
        return activate<ActivationKind::leaky_relu>(sum, slope);
      case ActivationKind::sigmoid:
        return activate<ActivationKind::sigmoid>(sum, slope);
      case ActivationKind::tanh:
        return activate<ActivationKind::tanh>(sum, slope);
      case ActivationKind::scaled_tanh:
        return activate<ActivationKind::scaled_tanh>(sum, slope);
      default:
        return sum;  // softmax works on whole rows: whoever calls does it afterwards
    }
  }
};

// A matrix that is written: (rows, columns), `step` from row to row. As a factor, it has parts; and chunks.
template <class T> struct Result {
  using Number = T;
  T* base;
  int rows, columns;
  int64_t step;
  Finish<Wide<T>> finish = {};
  int64_t part_step = 0, chunk_step = 0;
  int bias_step = 0;  // from one part's bias to the next

  __device__ __forceinline__ Result part(int i, int chunk) const {
    Result r = *this;
    r.base += i * part_step + chunk * chunk_step;
    if (finish.bias) r.finish.bias += i * bias_step;
    return r;
  }
  __device__ __forceinline__ int row_count() const { return rows; }
  __device__ __forceinline__ T* row(int i) const { return base + i * step; }
};

struct ProductGrid {
  int row_tiles, column_tiles, chunks, chunk_depth;
};

template <class Factor> using PartOf = decltype(Factor().part(0));

// A warp writes a row of sums as bfloat16, in pairs where it lies so.
template <class F>
__device__ __forceinline__ void write_row(bfloat16* to, float* sums, int width, int lane, F&& finish) {
  for (int j = lane; j < width; j += 32) sums[j] = finish(sums[j], j);
  __syncwarp();
  if (reinterpret_cast<uintptr_t>(to) % 4 != 0 || width % 2 != 0) {
    for (int j = lane; j < width; j += 32) to[j] = narrowed<bfloat16>(sums[j]);
  } else {
    for (int j = 2 * lane; j < width; j += 64) store_pack(to + j, load_pack<2>(sums + j));
  }
}

template <class Product, class A, class B, class C>
__global__ void __launch_bounds__(Product::threads, Product::blocks_at_once)
    product_kernel(A a, B b, C c, ProductGrid grid) {
  using Sum = typename Product::Sum;
  STRATE_DYNAMIC_SHARED(Sum, shared);
  unsigned tile = blockIdx.x;
  const int column = int(tile % grid.column_tiles) * Product::columns;
  tile /= grid.column_tiles;
  const int row = int(tile % grid.row_tiles) * Product::rows;
  tile /= grid.row_tiles;
  const int chunk = int(tile % grid.chunks), part = int(tile / grid.chunks);

  const auto result = c.part(part, chunk);
  if (row >= result.row_count()) return;
  const auto left = a.part(part);
  const int from = chunk * grid.chunk_depth, end = left.depth_count();
  const int to = end - from > grid.chunk_depth ? from + grid.chunk_depth : end;
  Product::sum(shared, left, b.part(part), row, column, from, to);
  __syncthreads();

  const int last = result.row_count() - row < Product::rows ? result.row_count() - row : Product::rows;
  for (int i = int(threadIdx.x) / 32; i < last; i += Product::threads / 32) {
    auto* to_row = result.row(row + i);
    if constexpr (std::is_same_v<typename C::Number, bfloat16>) {
      const int left_over = result.columns - column;
      const int width = left_over < Product::columns ? left_over : Product::columns;
      write_row(to_row + column, shared + i * Product::result_row, width, int(threadIdx.x) % 32,
                [&](float sum, int j) { return result.finish(sum, column + j); });
    } else {
      for (int j = int(threadIdx.x) % 32; j < Product::columns && column + j < result.columns; j += 32)
        to_row[column + j] = result.finish(shared[i * Product::result_row + j], column + j);
    }
  }
}

// ---- host

// How much there is to do: the same for every part, or the most of any.
struct ProductSize {
  int64_t rows, columns, depth;
  int64_t parts = 1;
  int chunks = 1;
};

inline int64_t tiles_of(const ProductSize& s, int64_t rows, int64_t columns) {
  return (s.rows + rows - 1) / rows * ((s.columns + columns - 1) / columns) * s.parts;
}

constexpr int64_t enough_blocks = 256;  // keep the largest devices busy
constexpr int most_chunks = 16;

// Of the depth that is cut into so many chunks, the most that one has: a multiple of every tile's depth.
inline int64_t chunk_depth(int64_t depth, int64_t chunks) {
  constexpr int64_t unit = 32;
  return std::max<int64_t>((depth + chunks * unit - 1) / (chunks * unit), 1) * unit;
}

// Chunks of a long sum, none of them empty; by the shape alone.
inline int chunks_of(const ProductSize& s) {
  constexpr int64_t least_depth = 256;
  const int64_t wanted = enough_blocks / std::max<int64_t>(tiles_of(s, 64, 64), 1);
  const int64_t chunks = std::clamp<int64_t>(std::min(wanted, s.depth / least_depth), 1, most_chunks);
  const int64_t each = chunk_depth(s.depth, chunks);
  return int(std::max<int64_t>((s.depth + each - 1) / each, 1));
}

// Rows, columns and depths are counted in 32 bits on the device.
void check_size(const char* name, const ProductSize&, int64_t blocks);

template <class Product, class A, class B, class C>
void launch_product(const char* name, const A& a, const B& b, const C& c, const ProductSize& s) {
  const int64_t blocks = tiles_of(s, Product::rows, Product::columns) * s.chunks;
  if (blocks == 0) return;
  check_size(name, s, blocks);
  const ProductGrid grid{int((s.rows + Product::rows - 1) / Product::rows),
                         int((s.columns + Product::columns - 1) / Product::columns), s.chunks,
                         s.chunks > 1 ? int(chunk_depth(s.depth, s.chunks)) : INT_MAX};
  launch(name, product_kernel<Product, A, B, C>,
         Grid{dim3(unsigned(blocks)), dim3(Product::threads), Product::bytes}, a, b, c, grid);
}

template <class Shape, class A, class B, class C>
void launch_tensor(const char* name, Multiply kind, const A& a, const B& b, const C& c,
                   const ProductSize& s) {
  using X = PartOf<A>;
  using Y = PartOf<B>;
  if (kind == Multiply::tf32) launch_product<TensorProduct<Multiply::tf32, Shape, X, Y>>(name, a, b, c, s);
  else launch_product<TensorProduct<Multiply::bf16, Shape, X, Y>>(name, a, b, c, s);
}

// Whether the tile is a large one: it reads the factors half as often, and the result has enough of them.
bool has_large_tile(const ProductSize&);

template <class A, class B, class C>
void multiply_factors(const char* name, Multiply kind, const A& a, const B& b, const C& c,
                      const ProductSize& s) {
  using T = typename A::Number;
  using X = PartOf<A>;
  using Y = PartOf<B>;
  const bool large = has_large_tile(s);
  if constexpr (std::is_same_v<T, bfloat16>) {
    if (large) return launch_product<BFloat16Product<LargeTensorShape, X, Y>>(name, a, b, c, s);
    launch_product<BFloat16Product<SmallTensorShape, X, Y>>(name, a, b, c, s);
  } else {
    if constexpr (std::is_same_v<T, float>) {
      if (kind != Multiply::float32 && large) return launch_tensor<LargeTensorShape>(name, kind, a, b, c, s);
      if (kind != Multiply::float32) return launch_tensor<SmallTensorShape>(name, kind, a, b, c, s);
    }
    launch_product<ExactProduct<X, Y>>(name, a, b, c, s);
  }
}

}  // namespace strate::cuda
