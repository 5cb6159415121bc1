// Sums that are cut into chunks, as many as the shape says, whatever the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/grid.h"

namespace strate::cpu {

constexpr int64_t most_chunks = 16;

// to = the chunks' results, `stride` apart, added in their order; done(from, n) follows each piece.
template <class T, class F>
void add_chunks(T* to, const T* partials, int64_t stride, int64_t chunks, int64_t size, F&& done) {
  constexpr int64_t piece = 4096;
  parallel_for(parts_up(size, piece), double(size * chunks) * 0.1, [&](int64_t i, int) {
    const int64_t from = i * piece, n = std::min(piece, size - from);
    kernels<T>().gemm.sum_rows(to + from, partials + from, stride, chunks, n, false);
    done(from, n);
  });
}

}  // namespace strate::cpu
