#include "cuda/ops/product.h"

#include <atomic>
#include <string>

#include "cuda/ops/product_kernel.h"
#include "cuda/ops/product_sum.h"

namespace strate::cuda {
namespace {

// A matrix in memory, rows x inner; its rows are the outer axis (along depth) or the depth.
template <bool along, class T> Matrix<T, along> matrix(const T* base, int64_t rows, int64_t inner) {
  const int outers = int(along ? rows : inner), depths = int(along ? inner : rows);
  return {base, outers, depths, inner, 0, in_vectors(base, inner, inner)};
}

ProductSize weight_size(int64_t m, int64_t n, int64_t k) {
  ProductSize size{k, n, m};
  size.chunks = chunks_of(size);
  return size;
}

template <class T> void input(const char* name, const BackwardProduct<T>& p, Multiply kind) {
  multiply_factors(name, kind, matrix<true>(p.dz, p.m, p.n), matrix<true>(p.weight, p.k, p.n),
                   Result<T>{p.dx, int(p.m), int(p.k), p.k}, {p.m, p.k, p.n});
}

template <class T> void weight(const char* name, const BackwardProduct<T>& p, Multiply kind) {
  const ProductSize size = weight_size(p.m, p.n, p.k);
  Result<Wide<T>> result{p.dweight, int(p.k), int(p.n), p.n};
  if (size.chunks == 1) {
    result.finish.flag = p.dweight_flag;
  } else {
    result.base = p.workspace;
    result.chunk_step = p.k * p.n;
  }
  multiply_factors(name, kind, matrix<false>(p.x, p.m, p.k), matrix<false>(p.dz, p.m, p.n), result, size);
  if (size.chunks > 1) sum_chunks(name, p.dweight, p.workspace, p.k * p.n, size.chunks, p.dweight_flag);
}

std::atomic<int> asked_tile{int(TileChoice::by_shape)};

}  // namespace

void set_tile(int tile) { asked_tile = tile; }

bool has_large_tile(const ProductSize& s) {
  const auto asked = TileChoice(asked_tile.load(std::memory_order_relaxed));
  if (asked != TileChoice::by_shape) return asked == TileChoice::large;
  return s.columns > 64 && tiles_of(s, 128, 128) * s.chunks >= enough_blocks / 2;
}

void check_size(const char* name, const ProductSize& s, int64_t blocks) {
  constexpr int64_t most = INT_MAX;
  if (s.rows <= most && s.columns <= most && s.depth <= most && s.parts <= most && blocks <= most) return;
  const std::string text =
      std::string("[") + name + "] a product on CUDA has at most 2147483647 rows, columns, terms " +
      "and blocks; got rows=" + std::to_string(s.rows) + ", columns=" + std::to_string(s.columns) +
      ", terms=" + std::to_string(s.depth) + ", blocks=" + std::to_string(blocks);
  host->fail_device(text.c_str());
}

template <class T> void forward_product(const char* name, const ForwardProduct<T>& p, Multiply kind) {
  Result<T> result{p.y, int(p.m), int(p.n), p.n};
  result.finish = {p.bias, p.activation, p.slope};
  multiply_factors(name, kind, matrix<true>(p.x, p.m, p.k), matrix<false>(p.weight, p.k, p.n), result,
                   {p.m, p.n, p.k});
}

// Both gradients use the same room, one after the other.
int64_t backward_workspace(int64_t m, int64_t n, int64_t k) {
  const int chunks = weight_size(m, n, k).chunks;
  return std::max(chunks > 1 ? chunks * k * n : 0, column_sums_workspace(m, n));
}

template <class T> void backward_product(const char* name, const BackwardProduct<T>& p, Multiply kind) {
  if (p.dx) input(name, p, kind);
  if (p.dweight) weight(name, p, kind);
  if (p.dbias) column_sums(name, p.dbias, p.dz, p.m, p.n, p.workspace, p.dbias_flag);
}

#define STRATE_INSTANTIATE(T)                                                     \
  template void forward_product(const char*, const ForwardProduct<T>&, Multiply); \
  template void backward_product(const char*, const BackwardProduct<T>&, Multiply);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)
STRATE_INSTANTIATE(bfloat16)

}  // namespace strate::cuda
