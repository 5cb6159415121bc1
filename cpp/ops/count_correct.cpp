#include "ops/count_correct.h"

#include "kernels/labels.h"
#include "ops/cuda.h"
#include "ops/loss.h"

namespace strate {
namespace {

constexpr const char* op = "count_correct";

// Place of the largest number, or -1 where there is a NaN.
template <class T> int64_t largest(const T* row, int64_t n) {
  int64_t best = 0;
  for (int64_t c = 0; c < n; c++) {
    if (row[c] != row[c]) return -1;
    if (row[c] > row[best]) best = c;
  }
  return best;
}

}  // namespace

namespace cpu {

template <class T>
void count_labels(int64_t* correct, const T* y, const void* labels, int64_t bytes, int64_t rows,
                  int64_t classes) {
  *correct = 0;
  for (int64_t r = 0; r < rows; r++)
    *correct += largest(y + r * classes, classes) == label_at(labels, bytes, r);
}

template <class T, class U>
void count_one_hot(int64_t* correct, const T* y, const U* target, int64_t rows, int64_t classes) {
  *correct = 0;
  for (int64_t r = 0; r < rows; r++) {
    const int64_t place = largest(y + r * classes, classes);
    *correct += place >= 0 && place == largest(target + r * classes, classes);
  }
}

}  // namespace cpu

namespace {

template <class T>
Tensor count_on_cuda(const Tensor& y, const Tensor& target, bool labelled, int64_t rows, int64_t classes) {
  const Tensor correct = empty({}, DType::float64, y.device());
  const DType type = target.dtype();
  if (labelled)
    run(on_cuda(&CountCorrectCuda<T>::labels), correct, cuda_sums(), y, target, item_size(type), rows,
        classes);
  else run(on_cuda(&CountCorrectCuda<T>::one_hot), correct, cuda_sums(), y, target, type, rows, classes);
  return correct;
}

template <class T>
double count_on_cpu(const Tensor& y, const Tensor& target, bool labelled, int64_t rows, int64_t classes) {
  int64_t correct = 0;
  if (labelled)
    run(cpu::count_labels<T>, &correct, y, target.raw(), item_size(target.dtype()), rows, classes);
  else
    visit_real(target.dtype(),
               [&]<class U>() { run(cpu::count_one_hot<T, U>, &correct, y, target, rows, classes); });
  return double(correct);
}

}  // namespace

Tensor count_correct(const Tensor& y_, const Tensor& target_) {
  check_real(op, "y", y_);
  check(y_.rank() > 0 && y_.shape()[-1] > 0, op, "y is (..., classes); got y=", y_.shape());
  Shape rows = y_.shape();
  const int64_t classes = rows[-1];
  rows.rank--;
  const bool labelled = target_.shape() == rows;
  check(labelled || target_.shape() == y_.shape(), op, "target holds a label for each row, ", rows,
        ", or a number for each class, ", y_.shape(), "; got target=", target_.shape());
  if (labelled == is_real(target_.dtype()) || target_.dtype() == DType::boolean)
    fail_type(op, "labels are uint8, int32 or int64, one-hot targets float32 or float64; got target=",
              Described{target_});
  check_same_device(op, "y", y_, "target", target_);
  const Tensor y = contiguous(y_), target = contiguous(target_);
  return visit_real(y.dtype(), [&]<class T>() {
    if (y.device() == Device::cuda) return count_on_cuda<T>(y, target, labelled, rows.count(), classes);
    const Tensor correct = empty({}, DType::float64);
    fill(correct, count_on_cpu<T>(y, target, labelled, rows.count(), classes));
    return correct;
  });
}

}  // namespace strate
