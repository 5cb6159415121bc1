#include "ops/count_correct.h"

#include "cuda/ops/row_team.h"
#include "cuda/ops/sums.h"
#include "kernels/labels.h"

namespace strate::cuda {
namespace {

constexpr int64_t nowhere = int64_t(1) << 62;

// Place of the largest number, the first of equals, or -1 where there is a NaN; for every member of the team.
template <int W, class T> __device__ int64_t largest(const T* row, int64_t n) {
  T most = -T(INFINITY);
  int64_t place = nowhere;
  for (int64_t c = Team<W>::rank(); c < n; c += W)
    if (row[c] > most || place == nowhere || row[c] != row[c]) {
      most = row[c];
      place = c;
      if (most != most) break;
    }
  const T top = Team<W>::reduce(most, Max{});
  place = Team<W>::reduce(most == top ? place : nowhere, Min{});
  return top == top ? place : -1;
}

template <int W, class T>
__global__ void labels_kernel(double* sums, const T* y, const void* labels, int64_t bytes, int64_t rows,
                              int64_t classes) {
  double correct = 0;
  for_rows<W>(rows, [&](int64_t r) {
    const int64_t place = largest<W>(y + r * classes, r < rows ? classes : 0);
    if (r < rows && Team<W>::rank() == 0) correct += place == label_at(labels, bytes, r);
  });
  leave_sum(sums, correct);
}

template <int W, class T, class U>
__global__ void one_hot_kernel(double* sums, const T* y, const U* target, int64_t rows, int64_t classes) {
  double correct = 0;
  for_rows<W>(rows, [&](int64_t r) {
    const int64_t n = r < rows ? classes : 0;
    const int64_t place = largest<W>(y + r * classes, n), wanted = largest<W>(target + r * classes, n);
    if (r < rows && Team<W>::rank() == 0) correct += place >= 0 && place == wanted;
  });
  leave_sum(sums, correct);
}

template <class T>
void count_labels(double* correct, double* sums, const T* y, const void* labels, int64_t bytes, int64_t rows,
                  int64_t classes) {
  with_team(classes, [&]<int W>() {
    const Grid grid = grid_of_rows<W>(rows, cuda_sum_blocks);
    launch("count_correct_labels", labels_kernel<W, T>, grid, sums, y, labels, bytes, rows, classes);
    write_sum(correct, sums, int64_t(grid.blocks.x));
  });
}

template <class T>
void count_one_hot(double* correct, double* sums, const T* y, const void* target, DType type, int64_t rows,
                   int64_t classes) {
  with_team(classes, [&]<int W>() {
    const Grid grid = grid_of_rows<W>(rows, cuda_sum_blocks);
    const auto count = [&]<class U>(const U* one_hot) {
      launch("count_correct_one_hot", one_hot_kernel<W, T, U>, grid, sums, y, one_hot, rows, classes);
    };
    if (type == DType::float64) count(static_cast<const double*>(target));
    else count(static_cast<const float*>(target));
    write_sum(correct, sums, int64_t(grid.blocks.x));
  });
}

}  // namespace

void fill(CountCorrectCuda<float>& part) { part = {count_labels<float>, count_one_hot<float>}; }
void fill(CountCorrectCuda<double>& part) { part = {count_labels<double>, count_one_hot<double>}; }

}  // namespace strate::cuda
