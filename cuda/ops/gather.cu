#include "ops/gather.h"

#include "cuda/core/pack.h"
#include "ops/rows.h"

namespace strate::cuda {
namespace {

// A thread for each pack of a row; neighbours read and write side by side.
template <class S, class T, int V>
__global__ void rows_kernel(T* out, const S* source, const int64_t* index, int64_t rows, int64_t length,
                            T scale) {
  const int64_t packs = length / V;
  for_each(rows * packs, [&](int64_t i) {
    const int64_t row = i / packs, place = (i - row * packs) * V;
    const Pack<S, V> from = load_pack<V>(source + index[row] * length + place);
    Pack<T, V> to;
#pragma unroll
    for (int v = 0; v < V; v++) to.at[v] = T(from.at[v]) * scale;
    store_pack(out + row * length + place, to);
  });
}

template <class Word>
__global__ void words_kernel(Word* out, const Word* source, const int64_t* index, int64_t rows,
                             int64_t length) {
  for_each(rows * length, [&](int64_t i) {
    const int64_t row = i / length;
    out[i] = source[index[row] * length + i - row * length];
  });
}

template <class T>
void gather_rows(T* out, const void* source, DType from, const int64_t* index, int64_t rows, int64_t length,
                 double scale) {
  with_packs<T>(length % pack_width<T> == 0 && aligned(out, source), [&]<int V>() {
    visit_rows(from, [&]<class S>() {
      launch("gather", rows_kernel<S, T, V>, grid_of(rows * (length / V)), out, static_cast<const S*>(source),
             index, rows, length, T(scale));
    });
  });
}

void gather_bytes(char* out, const char* source, const int64_t* index, int64_t rows, int64_t bytes) {
  with_words<uint8_t>(uint64_t(bytes) | address(out) | address(source), [&]<class Word>() {
    const int64_t length = bytes / int64_t(sizeof(Word));
    launch("gather_bytes", words_kernel<Word>, grid_of(rows * length), reinterpret_cast<Word*>(out),
           reinterpret_cast<const Word*>(source), index, rows, length);
  });
}

}  // namespace

void fill(GatherCuda<float>& part) { part = {gather_rows<float>, gather_bytes}; }
void fill(GatherCuda<double>& part) { part = {gather_rows<double>, gather_bytes}; }

}  // namespace strate::cuda
