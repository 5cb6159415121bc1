// Batch normalisation on the CPU: what its two directions share, and what the backward one is given.
#pragma once

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/batch_norm.h"
#include "ops/operands.h"
#include "ops/row_split.h"

namespace strate::cpu {

// A workspace in doubles: partial sums, `parts` rows of two numbers for each column, then six terms of a
// column in T.
struct NormRoom {
  explicit NormRoom(const RowSplit& s) : stride(rounded(s.width)), sums(2 * s.parts() * stride) {}
  int64_t stride, sums;
  int64_t doubles() const { return sums + 6 * stride; }
};

// The terms of a channel, each repeated as often as the rows are folded.
template <class T> NormTerms<T> terms_at(double* workspace, const RowSplit& s) {
  const NormRoom room(s);
  T* t = reinterpret_cast<T*>(workspace + room.sums);
  const int64_t n = room.stride;
  return {t, t + n, t + 2 * n, t + 3 * n, t + 4 * n, t + 5 * n};
}

template <class T> void repeat(const T* term_, const RowSplit& s) {
  T* term = const_cast<T*>(term_);
  for (int64_t c = s.channels; c < s.width; c++) term[c] = term[c - s.channels];
}

template <class T> T& term(const T* of, int64_t c) { return const_cast<T*>(of)[c]; }

// z = (x - center) scale + offset. The mean in double precision is center and a small rest, which goes into
// the offset: x - center is exact where x is near, so a mean far from zero costs no digits.
template <class T>
void set_terms(NormTerms<T> t, const double* statistics, const T* gamma, const T* beta, const RowSplit& s) {
  for (int64_t c = 0; c < s.channels; c++) {
    const double mean = statistics[c], factor = (gamma ? double(gamma[c]) : 1) * statistics[s.channels + c];
    term(t.center, c) = T(mean);
    term(t.scale, c) = T(factor);
    term(t.offset, c) = T((beta ? double(beta[c]) : 0) - (mean - double(T(mean))) * factor);
  }
  repeat(t.center, s), repeat(t.scale, s), repeat(t.offset, s);
}

template <class F> void for_parts(const RowSplit& s, double work, F&& f) {
  parallel_for(s.tasks(), work,
               [&](int64_t task, int) { f(task / s.column_parts, s.chunk(task), s.columns(task)); });
  if (s.tail > 0) f(s.chunks, Span{s.folded, s.folded + 1}, Span{0, s.tail});
}

// f(begin, rows, columns) for ranges of folded rows, and for the tail.
template <class F> void for_rows(const RowSplit& s, double work, F&& f) {
  const int64_t grain = std::max<int64_t>(1, elementwise_grain / std::max<int64_t>(1, s.width));
  parallel_ranges(s.folded, grain, work, [&](int64_t b, int64_t e) { f(b * s.width, e - b, s.width); });
  if (s.tail > 0) f(s.folded * s.width, 1, s.tail);
}

// f(from, n, rows) for pieces of rows of `columns` that stay in the first-level cache, with as many of two
// other tensors.
template <class F> void for_near_rows(int64_t from, int64_t rows, int64_t columns, F&& f) {
  constexpr int64_t near = 2048;  // numbers
  const int64_t step = std::max<int64_t>(1, near / columns);
  for (int64_t row = 0; row < rows; row += step) {
    const int64_t n = std::min(step, rows - row);
    f(from + row * columns, n * columns, n);
  }
}

template <class T> struct BatchNormBackward {
  T *dx, *dgamma, *dbeta;  // each may be null
  Flag *dgamma_flag, *dbeta_flag;
  const T *dy, *x;
  const double* statistics;
  const T *gamma, *beta;
  T* dz;  // room for dy g'(y) where the activation takes an exponential, else null
  double* workspace;
  RowSplit split;
  bool training;
  ActivationKind kind;
  T slope;
  double work;

  void all();
};

}  // namespace strate::cpu
