// Batch normalisation on the CPU, backward: two passes, the sums over the rows and dx.
#include "ops/batch_norm_parts.h"

namespace strate::cpu {
namespace {

// dbeta and dgamma of channel c in double precision, where the first part's sums were.
template <class T>
void add_parts(double* dbeta, double* dgamma, const double* sums, const double* statistics,
               const RowSplit& s) {
  const int64_t stride = NormRoom(s).stride;
  s.for_slots([&](int64_t part, int64_t slot, int64_t) {
    if (part == 0 && slot == 0) return;
    const double* from = sums + 2 * part * stride + slot;
    for (int64_t c = 0; c < s.channels; c++) dbeta[c] += from[c], dgamma[c] += from[stride + c];
  });
  for (int64_t c = 0; c < s.channels; c++) {
    const double rest = statistics[c] - double(T(statistics[c]));
    dgamma[c] = (dgamma[c] - rest * dbeta[c]) * statistics[s.channels + c];
  }
}

template <class T> void write_gradient(T* to, Flag* nonfinite, const double* from, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) to[c] = T(from[c]);
  if (!kernels<T>().finite.all(to, channels)) nonfinite->store(true, std::memory_order_relaxed);
}

// dx = a (dz - dbeta / n - xhat dgamma / n), a = gamma / sqrt(variance + epsilon).
template <class T>
void set_gradient_terms(NormTerms<T> t, const double* statistics, const T* gamma, const double* dbeta,
                        const double* dgamma, const RowSplit& s, bool training) {
  const double n = double(s.rows);
  for (int64_t c = 0; c < s.channels; c++) {
    const double inverse = statistics[s.channels + c], rest = statistics[c] - double(T(statistics[c]));
    const double a = (gamma ? double(gamma[c]) : 1) * inverse;
    const double slope = training ? -a * inverse * dgamma[c] / n : 0;
    term(t.dz_factor, c) = T(a);
    term(t.x_factor, c) = T(slope);
    term(t.constant, c) = training ? T(-a * dbeta[c] / n - slope * rest) : T(0);
  }
  repeat(t.dz_factor, s), repeat(t.x_factor, s), repeat(t.constant, s);
}

// dy g'(y) in memory, for the activations that take longer than that: y is computed from x once more.
template <class T> void write_dz(BatchNormBackward<T>& b, NormTerms<T> terms) {
  const auto& k = kernels<T>();
  for_rows(b.split, b.work, [&](int64_t begin, int64_t all, int64_t columns) {
    for_near_rows(begin, all, columns, [&](int64_t from, int64_t n, int64_t rows) {
      T* dz = b.dz + from;
      k.batch_norm.forward(dz, b.x + from, terms, rows, columns, ActivationKind::identity, T(0));
      k.activation.forward(dz, dz, n, b.kind, b.slope);
      k.activation.backward(dz, b.dy + from, dz, n, b.kind, b.slope);
    });
  });
  b.dy = b.dz;
  b.kind = ActivationKind::identity;
}

}  // namespace

template <class T> void BatchNormBackward<T>::all() {
  const RowSplit& s = split;
  const int64_t stride = NormRoom(s).stride;
  NormTerms<T> terms = terms_at<T>(workspace, s);
  set_terms(terms, statistics, gamma, beta, s);
  if (takes_exponential(kind)) write_dz(*this, terms);
  if (dgamma || dbeta || training) {
    for_parts(s, work / 2, [&](int64_t part, Span rows, Span columns) {
      double* to = workspace + 2 * part * stride + columns.begin;
      const int64_t from = rows.begin * s.width + columns.begin, c = columns.begin;
      const NormTerms<T> own{terms.center + c, terms.scale + c, terms.offset + c, nullptr, nullptr, nullptr};
      kernels<T>().batch_norm.sums(to, to + stride, dy + from, x + from, own, s.width, rows.size(),
                                   columns.size(), kind, slope);
    });
    add_parts<T>(workspace, workspace + stride, workspace, statistics, s);
    if (dbeta) write_gradient(dbeta, dbeta_flag, workspace, s.channels);
    if (dgamma) write_gradient(dgamma, dgamma_flag, workspace + stride, s.channels);
  }
  if (!dx) return;
  set_gradient_terms(terms, statistics, gamma, workspace, workspace + stride, s, training && s.rows > 0);
  if (!training) terms.x_factor = terms.constant = nullptr;
  for_rows(s, work / 2, [&](int64_t from, int64_t rows, int64_t columns) {
    kernels<T>().batch_norm.backward(dx + from, dy + from, x + from, terms, rows, columns, kind, slope);
  });
}

template struct BatchNormBackward<float>;
template struct BatchNormBackward<double>;

}  // namespace strate::cpu
