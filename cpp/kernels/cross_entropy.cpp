#include "kernels/cross_entropy.h"

#include "kernels/labels.h"
#include "kernels/softmax_row.h"

namespace strate::STRATE_ISA {
namespace {

// The targets of one row, a register at a time.
template <class T> struct LabelTarget {
  const T* class_weight;
  int64_t label;
  Vec<T> hit, miss;  // before class weights

  LabelTarget(const CrossEntropyRows<T>& rows, int64_t label_)
      : class_weight(rows.class_weight),
        label(label_),
        hit(broadcast<T>(T(1) - rows.smoothing + rows.smoothing / T(rows.classes))),
        miss(broadcast<T>(rows.smoothing / T(rows.classes))) {}

  __attribute__((always_inline)) Vec<T> operator()(int64_t i, int64_t count) const {
    using Int = typename VecTypes<T>::Int;
    Mask<T> here = lane_numbers<T>() == Int(label - i) - Mask<T>{};
    Vec<T> a = select<T>(here, hit, miss);
    if (class_weight) a *= load_row(class_weight + i, count);
    return count < lanes<T> ? select<T>(first_lanes<T>(count), a, zero<T>()) : a;
  }
};

template <class T> struct ProbabilityTarget {
  const T* class_weight;
  const T* row;
  Vec<T> keep, add;

  ProbabilityTarget(const CrossEntropyRows<T>& rows, int64_t r)
      : class_weight(rows.class_weight),
        row(rows.probabilities + r * rows.classes),
        keep(broadcast<T>(T(1) - rows.smoothing)),
        add(broadcast<T>(rows.smoothing / T(rows.classes))) {}

  __attribute__((always_inline)) Vec<T> operator()(int64_t i, int64_t count) const {
    Vec<T> a = fmadd(load_row(row + i, count), keep, add);
    if (class_weight) a *= load_row(class_weight + i, count);
    return count < lanes<T> ? select<T>(first_lanes<T>(count), a, zero<T>()) : a;
  }
};

// With m the largest logit, e = exp(y - m) and s = sum(e): log yhat = y - m - log(s), and dJ/dy = sum(a) e /
// s - a. A class whose target is 0 costs nothing, even where its logit is -infinity.
template <class T> STRATE_INLINE Vec<T> costs(Vec<T> a, Vec<T> logits, Vec<T> top, Vec<T> log_sum) {
  return select<T>(a == zero<T>(), zero<T>(), a * (log_sum - (logits - top)));
}
// A NaN or an infinity among the logits must show in the loss, whatever the targets.
template <class T> STRATE_INLINE double loss_of(Vec<T> loss, Vec<T> sum) {
  return sum[0] != sum[0] ? double(sum[0]) : double(loss[0]);
}

// One more logit, of a class that is nobody's target: it counts in the sum alone.
template <class T> STRATE_INLINE bool has_background(T background) {
  return background > -T(__builtin_inf());
}

// A row that fits a register stays in it.
template <class T, class Target>
STRATE_INLINE double short_logits_row(T* dy, const T* y, int64_t n, T scale, T background,
                                      const Target& target) {
  const First<T> part = first<T>(n);
  const Mask<T> inside = first_lanes<T>(n);
  const Vec<T> v = load(y, part), a = target(0, n), scales = broadcast<T>(scale);
  Vec<T> top = over_lanes<T>(select<T>(inside, v, broadcast<T>(-T(__builtin_inf()))),
                             [](Vec<T> b, Vec<T> c) { return larger<T>(b, c); });
  if (has_background(background)) top = larger<T>(top, broadcast<T>(background));
  const Vec<T> e = select<T>(inside, exp<T>(v - top), zero<T>());
  const auto add = [](Vec<T> b, Vec<T> c) { return b + c; };
  Vec<T> sum = over_lanes<T>(e, add);
  if (has_background(background)) sum += exp<T>(broadcast<T>(background) - top);
  const Vec<T> total = over_lanes<T>(a, add);
  store(dy, fmadd(e, scales * total / sum, -scales * a), part);
  return loss_of<T>(over_lanes<T>(costs<T>(a, v, top, log<T>(sum)), add), sum);
}

template <class T, class Target>
double logits_row(T* dy, const T* y, int64_t n, T scale, T background, const Target& target) {
  if (n < lanes<T>) return short_logits_row(dy, y, n, scale, background, target);
  Vec<T> top = row_max(y, n);
  if (has_background(background)) top = larger<T>(top, broadcast<T>(background));
  Vec<T> sum = row_exp<T>(dy, y, n, top);
  if (has_background(background)) sum += exp<T>(broadcast<T>(background) - top);
  const Vec<T> log_sum = log<T>(sum);
  RowSum<T> total, loss;
  for_row(y, n, [&](Vec<T> v, int64_t i, int64_t count) {
    Vec<T> a = target(i, count);
    total.add(a, i);
    loss.add(costs<T>(a, v, top, log_sum), i);
  });
  const Vec<T> scales = broadcast<T>(scale), gain = scales * total.value() / sum;
  for_row(dy, n, [&](Vec<T> e, int64_t i, int64_t count) {
    store_row<T>(dy + i, fmadd(e, gain, -scales * target(i, count)), count);
  });
  return loss_of<T>(loss.value(), sum);
}

// J = -sum(a log y), dJ/dy = -a / y; 0 where a is 0.
template <class T, class Target>
double probabilities_row(T* dy, const T* y, int64_t n, T scale, const Target& target) {
  RowSum<T> loss;
  const Vec<T> scales = broadcast<T>(scale);
  for_row(y, n, [&](Vec<T> v, int64_t i, int64_t count) {
    Vec<T> a = target(i, count);
    auto none = (a == zero<T>()) & (v == v);
    loss.add(select<T>(none, zero<T>(), -a * log<T>(v)), i);
    store_row<T>(dy + i, select<T>(none, zero<T>(), -scales * a / v), count);
  });
  return double(loss.value()[0]);
}

template <bool logits, class T, class Target>
double row(const CrossEntropyRows<T>& rows, int64_t r, const Target& target) {
  T* dy = rows.dy + r * rows.classes;
  const T* y = rows.y + r * rows.classes;
  if constexpr (logits) return logits_row(dy, y, rows.classes, rows.scale, rows.background, target);
  else return probabilities_row(dy, y, rows.classes, rows.scale, target);
}

template <bool logits, class T> double sum_rows(const CrossEntropyRows<T>& rows, int64_t begin, int64_t end) {
  double loss = 0;
  for (int64_t r = begin; r < end; r++) {
    if (!rows.labels) {
      loss += row<logits>(rows, r, ProbabilityTarget<T>(rows, r));
      continue;
    }
    const int64_t label = label_at(rows.labels, rows.label_bytes, r);
    if (label == rows.ignored) {
      for (int64_t i = 0; i < rows.classes; i++) rows.dy[r * rows.classes + i] = 0;
      continue;
    }
    loss += row<logits>(rows, r, LabelTarget<T>(rows, label));
  }
  return loss;
}

template <class T> void fill_part(CrossEntropyKernels<T>& k) {
  k.from_logits = sum_rows<true, T>;
  k.from_probabilities = sum_rows<false, T>;
}

}  // namespace

void fill(CrossEntropyKernels<float>& k) { fill_part(k); }
void fill(CrossEntropyKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
