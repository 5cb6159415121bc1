#include "kernels/embedding.h"

#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

template <class T>
bool scatter(T* dweight, const T* dy, const int64_t* index, int64_t rows, int64_t vocabulary, int64_t length,
             int64_t columns) {
  for (int64_t v = 0; v < vocabulary; v++)
    each_register<T>(columns, [to = dweight + v * length]<bool partial>(int64_t i, First<T> f) {
      store_first<T, partial>(to + i, zero<T>(), f);
    });
  for (int64_t r = 0; r < rows; r++)
    each_register<T>(columns, [to = dweight + index[r] * length, from = dy + r * length]<bool partial>(
                                  int64_t i, First<T> f) {
      const Vec<T> sum = load_first<T, partial>(to + i, f) + load_first<T, partial>(from + i, f);
      store_first<T, partial>(to + i, sum, f);
    });
  Mask<T> bad{};  // only rows that were written can hold one
  for (int64_t r = 0; r < rows; r++)
    each_register<T>(columns,
                     [&bad, from = dweight + index[r] * length]<bool partial>(int64_t i, First<T> f) {
                       const Vec<T> v = load_first<T, partial>(from + i, f);
                       bad |= v - v != zero<T>();
                     });
  return !any<T>(bad);
}

}  // namespace

void fill(EmbeddingKernels<float>& k) { k.scatter = scatter<float>; }
void fill(EmbeddingKernels<double>& k) { k.scatter = scatter<double>; }

}  // namespace strate::STRATE_ISA
