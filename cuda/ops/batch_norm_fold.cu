#include "cuda/core/launch.h"
#include "ops/batch_norm.h"

namespace strate::cuda {
namespace {

// A thread for each channel.
template <class T>
__global__ void factors_kernel(T* factor, T* shift, const T* bias, const T* gamma, const T* beta,
                               const T* mean, const T* variance, int64_t channels, double epsilon) {
  for_each(channels, [&](int64_t c) {
    const double a = (gamma ? double(gamma[c]) : 1) / sqrt(double(variance[c]) + epsilon);
    factor[c] = T(a);
    shift[c] = T(((bias ? double(bias[c]) : 0) - double(mean[c])) * a + (beta ? double(beta[c]) : 0));
  });
}

template <class T>
__global__ void scale_kernel(T* folded, const T* weight, const T* factor, int64_t count, int64_t channels,
                             int64_t inner) {
  for_each(count, [&](int64_t i) { folded[i] = weight[i] * factor[i / inner % channels]; });
}

template <class T>
void fold(T* folded, T* shift, T* factor, const T* weight, const T* bias, const T* gamma, const T* beta,
          const T* mean, const T* variance, int64_t outer, int64_t channels, int64_t inner, double epsilon) {
  const int64_t count = outer * channels * inner;
  launch("batch_norm_factors", factors_kernel<T>, grid_of(channels), factor, shift, bias, gamma, beta, mean,
         variance, channels, epsilon);
  launch("batch_norm_fold", scale_kernel<T>, grid_of(count), folded, weight, factor, count, channels, inner);
}

}  // namespace

void fill(BatchNormFoldCuda<float>& part) { part = {fold<float>}; }
void fill(BatchNormFoldCuda<double>& part) { part = {fold<double>}; }

}  // namespace strate::cuda
