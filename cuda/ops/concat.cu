#include "ops/concat.h"

#include "cuda/core/pack.h"

namespace strate::cuda {
namespace {

// Rows of `width` words, `to_stride` and `from_stride` words apart; a thread for each word.
template <class Word>
__global__ void columns_kernel(Word* to, const Word* from, int64_t rows, int64_t width, int64_t to_stride,
                               int64_t from_stride) {
  for_each(rows * width, [&](int64_t i) {
    const int64_t row = i / width, place = i - row * width;
    to[row * to_stride + place] = from[row * from_stride + place];
  });
}

void copy_columns(const char* name, char* to, const char* from, int64_t rows, int64_t width,
                  int64_t to_stride, int64_t from_stride) {
  const uint64_t sizes = uint64_t(width) | uint64_t(to_stride) | uint64_t(from_stride);
  with_words<uint16_t>(sizes | address(to) | address(from), [&]<class Word>() {
    constexpr int64_t item = sizeof(Word);
    launch(name, columns_kernel<Word>, grid_of(rows * width / item), reinterpret_cast<Word*>(to),
           reinterpret_cast<const Word*>(from), rows, width / item, to_stride / item, from_stride / item);
  });
}

void into_columns(char* y, const char* x, int64_t rows, int64_t width, int64_t offset, int64_t stride) {
  copy_columns("concat_forward", y + offset, x, rows, width, stride, width);
}

void out_of_columns(char* dx, const char* dy, int64_t rows, int64_t width, int64_t offset, int64_t stride) {
  copy_columns("concat_backward", dx, dy + offset, rows, width, width, stride);
}

}  // namespace

void fill(ConcatCuda<float>& part) { part = {into_columns, out_of_columns}; }
void fill(ConcatCuda<double>& part) { part = {into_columns, out_of_columns}; }

}  // namespace strate::cuda
