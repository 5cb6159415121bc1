// Folding: the affine map that includes the normalisation of its outputs.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/batch_norm.h"
#include "ops/cuda.h"
#include "ops/grid.h"
#include "ops/per_channel.h"

namespace strate {
namespace {

constexpr const char* op = "batch_norm";

// The weight in memory: the channels are `channels` numbers, `inner` apart, `outer` times.
struct FoldSizes {
  int64_t outer, channels, inner;
};

// The axes from the outermost in memory to the innermost.
std::array<int, max_rank> memory_order(const Tensor& t) {
  std::array<int, max_rank> axes{};
  std::iota(axes.begin(), axes.end(), 0);
  std::stable_sort(axes.begin(), axes.begin() + t.rank(),
                   [&](int a, int b) { return t.strides()[a] > t.strides()[b]; });
  if (!t.has_order(axes.data())) std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

FoldSizes sizes_of(const Tensor& weight, const int* axes) {
  FoldSizes s{1, weight.shape()[0], 1};
  int64_t* size = &s.outer;
  for (int i = 0; i < weight.rank(); i++)
    if (axes[i] == 0) size = &s.inner;
    else *size *= weight.shape()[axes[i]];
  return s;
}

}  // namespace

namespace cpu {

template <class T>
void batch_norm_fold(T* folded, T* shift, const T* weight, const T* bias, const T* gamma, const T* beta,
                     const T* mean, const T* variance, T* factor, FoldSizes s, double epsilon, double work) {
  for (int64_t c = 0; c < s.channels; c++) {
    const double a = (gamma ? double(gamma[c]) : 1) / std::sqrt(double(variance[c]) + epsilon);
    factor[c] = T(a);
    shift[c] = T(((bias ? double(bias[c]) : 0) - double(mean[c])) * a + (beta ? double(beta[c]) : 0));
  }
  if (s.outer == 1)
    return parallel_for(s.channels, work, [&](int64_t c, int) {
      kernels<T>().batch_norm.scale(folded + c * s.inner, weight + c * s.inner, factor + c, 1, 1, s.inner);
    });
  const int64_t step = s.channels * s.inner, grain = parts_up(elementwise_grain, std::max<int64_t>(1, step));
  parallel_ranges(s.outer, grain, work, [&](int64_t b, int64_t e) {
    kernels<T>().batch_norm.scale(folded + b * step, weight + b * step, factor, e - b, s.channels, s.inner);
  });
}

}  // namespace cpu

std::pair<Tensor, Tensor> batch_norm_fold(const Tensor& weight_, const Tensor& bias_, const Tensor& gamma_,
                                          const Tensor& beta_, const Tensor& mean_, const Tensor& variance_,
                                          double epsilon) {
  check_real(op, "weight", weight_);
  check(weight_.rank() >= 1, op, "weight has an axis of output channels; got weight=", weight_.shape());
  check_epsilon(op, epsilon);
  const int64_t channels = weight_.shape()[0];
  const Tensor bias = per_channel(op, "bias", bias_, weight_, channels, true);
  const Tensor gamma = per_channel(op, "gamma", gamma_, weight_, channels, true);
  const Tensor beta = per_channel(op, "beta", beta_, weight_, channels, true);
  const Tensor mean = per_channel(op, "mean", mean_, weight_, channels, false);
  const Tensor variance = per_channel(op, "variance", variance_, weight_, channels, false);
  const auto axes = memory_order(weight_);
  const Tensor weight = in_order(weight_, axes.data());
  Tensor folded = empty_in_order(weight.shape(), axes.data(), weight.dtype(), weight.device());
  Tensor shift = empty({channels}, weight.dtype(), weight.device());
  const Tensor factor = empty({channels}, weight.dtype(), weight.device());
  const FoldSizes s = sizes_of(weight, axes.data());
  visit_real(weight.dtype(), [&]<class T>() {
    if (weight.device() == Device::cuda)
      run(on_cuda(&BatchNormFoldCuda<T>::fold), folded, shift, factor, weight, bias, gamma, beta, mean,
          variance, s.outer, s.channels, s.inner, epsilon);
    else
      run(cpu::batch_norm_fold<T>, folded, shift, weight, bias, gamma, beta, mean, variance, factor, s,
          epsilon, streaming_time(2 * weight.bytes()));
  });
  return {std::move(folded), std::move(shift)};
}

}  // namespace strate
