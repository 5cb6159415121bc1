#include "ops/cross_entropy.h"

#include <algorithm>
#include <limits>

#include "kernels/dispatch.h"
#include "kernels/labels.h"
#include "ops/cuda.h"

namespace strate {
namespace {

constexpr const char* op = "cross_entropy";
constexpr double no_background = -std::numeric_limits<double>::infinity();

void check_labels(const Tensor& labels_, int64_t classes, int64_t ignored) {
  const Tensor labels = readable(labels_);
  const int64_t bytes = item_size(labels.dtype());
  for (int64_t r = 0; r < labels.count(); r++) {
    const int64_t value = label_at(labels.raw(), bytes, r);
    if ((value < 0 || value >= classes) && value != ignored) [[unlikely]]
      fail_index(op, "0 <= label < ", classes, "; got label ", value, " in row ", r);
  }
}

void check_class_weight(const Tensor& w, const Tensor& y, int64_t classes) {
  check_real(op, "class_weight", w);
  check_same_device(op, "y", y, "class_weight", w);
  check(w.shape() == Shape{classes}, op, "class_weight has one number per class, (", classes,
        "); got class_weight=", w.shape());
}

void check_weights_positive(const Tensor& weights) {
  const Tensor w = readable(weights);
  visit_real(w.dtype(), [&]<class T>() {
    for (int64_t c = 0; c < w.count(); c++)
      check(std::isfinite(w.data<T>()[c]) && w.data<T>()[c] >= 0, op,
            "class weights are finite, 0 or more; got ", w.data<T>()[c], " for class ", c);
  });
}

// The target as labels or as probabilities, told apart by shape.
bool is_labels(const Tensor& y, const Tensor& target) {
  Shape rows = y.shape();
  rows.rank--;
  if (target.shape() == rows) {
    if (is_real(target.dtype()) || target.dtype() == DType::boolean)
      fail_type(op, "labels are uint8, int32 or int64; got target=", Described{target}, ", y=", Described{y});
    check_same_device(op, "y", y, "target", target);
    return true;
  }
  check(target.shape() == y.shape(), op, "target holds a label for each row, ", rows,
        ", or a probability for each class, ", y.shape(), "; got target=", target.shape());
  check_same_type(op, "y", y, "one-hot or probability target", target);
  return false;
}

}  // namespace

bool are_labels(const Tensor& target, int64_t classes) {
  if (target.dtype() != DType::int64 || target.device() != Device::cpu || !target.contiguous()) return false;
  const auto* labels = target.data<int64_t>();
  return std::all_of(labels, labels + target.count(),
                     [&](int64_t label) { return uint64_t(label) < uint64_t(classes); });
}

double cross_entropy_work(const Tensor& y) { return streaming_time(2 * y.bytes()) + double(y.bytes()) * 0.3; }

namespace cpu {

// What the mean divides by.
template <class T> double weight_of_rows(const CrossEntropyRows<T>& rows, int64_t count) {
  if (!rows.labels && !rows.class_weight) return double(count);
  double sum = 0;
  for (int64_t r = 0; r < count; r++) {
    if (!rows.labels) {
      for (int64_t c = 0; c < rows.classes; c++)
        sum += double(rows.class_weight[c]) * double(rows.probabilities[r * rows.classes + c]);
      continue;
    }
    const int64_t label = label_at(rows.labels, rows.label_bytes, r);
    if (label != rows.ignored) sum += rows.class_weight ? double(rows.class_weight[label]) : 1;
  }
  return sum;
}

template <class T>
void cross_entropy(double* loss, Flag* nonfinite, CrossEntropyRows<T> rows, int64_t count, bool from_logits,
                   Reduction reduction, double work) {
  const auto& k = kernels<T>().cross_entropy;
  const double weight = reduction == Reduction::mean ? weight_of_rows(rows, count) : 1;
  const double share = weight == 0 ? 0 : 1 / weight;
  rows.scale = T(share);
  const double sum = sum_pieces(count, count * rows.classes, work, [&](int64_t b, int64_t e) {
    return from_logits ? k.from_logits(rows, b, e) : k.from_probabilities(rows, b, e);
  });
  write_loss(loss, nonfinite, weight == 0 ? 0 : sum * share);
}

}  // namespace cpu

LossAndGradient cross_entropy(const Tensor& y_, const Tensor& target_, const CrossEntropy& settings) {
  check_real(op, "y", y_);
  check(y_.rank() > 0 && y_.shape()[-1] > 0, op, "y is (..., classes); got y=", y_.shape());
  check(settings.smoothing >= 0 && settings.smoothing <= 1, op,
        "0 <= label_smoothing <= 1; got label_smoothing=", settings.smoothing);
  const int64_t classes = y_.shape()[-1];
  const bool labelled = is_labels(y_, target_);
  check(labelled || !settings.ignore_index, op, "ignore_index needs labels; got target=", target_.shape());
  check(!settings.background || (settings.from_logits && std::isfinite(*settings.background)), op,
        "the background is a finite logit; got background=", settings.background.value_or(0),
        ", from_logits=", settings.from_logits);
  const int64_t ignored = settings.ignore_index.value_or(nothing_ignored);
  const Tensor y = contiguous(y_), target = contiguous(target_);
  if (labelled) check_labels(target, classes, ignored);
  Tensor class_weight;
  if (settings.class_weight.defined()) {
    check_class_weight(settings.class_weight, y, classes);
    class_weight = contiguous(cast(settings.class_weight, y.dtype()));
    check_weights_positive(class_weight);
  }
  Tensor loss = empty({}, DType::float64, y.device()), dy = empty(y.shape(), y.dtype(), y.device());
  visit_real(y.dtype(), [&]<class T>() {
    const CrossEntropyRows<T> rows = {.dy = dy.data<T>(),
                                      .y = y.data<T>(),
                                      .labels = labelled ? target.raw() : nullptr,
                                      .label_bytes = item_size(target.dtype()),
                                      .probabilities = labelled ? nullptr : target.data<T>(),
                                      .class_weight = class_weight.data<T>(),
                                      .classes = classes,
                                      .ignored = ignored,
                                      .smoothing = T(settings.smoothing),
                                      .scale = 1,
                                      .background = T(settings.background.value_or(no_background))};
    const int64_t count = y.count() / classes;
    if (y.device() == Device::cuda)
      run(on_cuda(&CrossEntropyCuda<T>::loss), loss, loss.nonfinite(), cuda_sums(1), rows, count,
          settings.from_logits, settings.reduction);
    else
      run(cpu::cross_entropy<T>, loss, loss.nonfinite(), rows, count, settings.from_logits,
          settings.reduction, cross_entropy_work(y));
  });
  return {std::move(loss), std::move(dy)};
}

}  // namespace strate
