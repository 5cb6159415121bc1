#include "cuda/ops/product_sum.h"

#include "cuda/ops/product_kernel.h"

namespace strate::cuda {
namespace {

// A thread for each i.
template <class T>
__global__ void sum_chunks_kernel(T* to, const T* partial, int64_t count, int chunks, Finish<T> finish) {
  for_each(count, [&](int64_t i) {
    T sum = partial[i];
    for (int c = 1; c < chunks; c++) sum += partial[c * count + i];
    to[i] = finish(sum, 0);
  });
}

template <class T>
__global__ void column_sums_kernel(Wide<T>* to, const T* x, int64_t rows, int64_t columns, int64_t chunk_rows,
                                   Finish<Wide<T>> finish) {
  STRATE_SHARED(sums, Wide<T>[sum_slices][sum_columns]);
  const int64_t tiles = (columns + sum_columns - 1) / sum_columns, chunk = blockIdx.x / tiles;
  const int slice = threadIdx.x / sum_columns, place = threadIdx.x % sum_columns;
  const int64_t column = blockIdx.x % tiles * sum_columns + place;
  const int64_t end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
  Wide<T> sum = 0;
  if (column < columns)
    for (int64_t i = chunk * chunk_rows + slice; i < end; i += sum_slices)
      sum += widened(x[i * columns + column]);
  sums[slice][place] = sum;
  __syncthreads();
  if (slice == 0 && column < columns) {
    for (int i = 1; i < sum_slices; i++) sum += sums[i][place];
    to[chunk * columns + column] = finish(sum, 0);
  }
}

template <class T> Finish<T> only_flag(Flag* flag) {
  Finish<T> finish;
  finish.flag = flag;
  return finish;
}

}  // namespace

template <class T>
void sum_chunks(const char* name, T* to, const T* partial, int64_t count, int chunks, Flag* flag) {
  launch(name, sum_chunks_kernel<T>, grid_of(count), to, partial, count, chunks, only_flag<T>(flag));
}

int sums_chunks(int64_t rows, int64_t columns) {
  constexpr int64_t least_rows = 256;
  const int64_t tiles = std::max<int64_t>((columns + sum_columns - 1) / sum_columns, 1);
  return int(std::clamp<int64_t>(std::min(enough_blocks / tiles, rows / least_rows), 1, most_chunks));
}

int64_t column_sums_workspace(int64_t rows, int64_t columns) {
  const int chunks = sums_chunks(rows, columns);
  return chunks > 1 ? chunks * columns : 0;
}

template <class T>
void column_sums(const char* name, Wide<T>* to, const T* x, int64_t rows, int64_t columns, Wide<T>* workspace,
                 Flag* flag) {
  const int chunks = sums_chunks(rows, columns);
  const int64_t tiles = (columns + sum_columns - 1) / sum_columns;
  if (tiles == 0) return;
  launch(name, column_sums_kernel<T>, blocks_of(tiles * chunks, sum_slices * sum_columns),
         chunks > 1 ? workspace : to, x, rows, columns, (rows + chunks - 1) / chunks,
         only_flag<Wide<T>>(chunks > 1 ? nullptr : flag));
  if (chunks > 1) sum_chunks(name, to, workspace, columns, chunks, flag);
}

template void sum_chunks(const char*, float*, const float*, int64_t, int, Flag*);
template void sum_chunks(const char*, double*, const double*, int64_t, int, Flag*);
template void column_sums(const char*, float*, const float*, int64_t, int64_t, float*, Flag*);
template void column_sums(const char*, double*, const double*, int64_t, int64_t, double*, Flag*);
template void column_sums(const char*, float*, const bfloat16*, int64_t, int64_t, float*, Flag*);

}  // namespace strate::cuda
