#include "ops/sgd.h"

#include "cuda/ops/segments.h"

namespace strate::cuda {
namespace {

template <int V, bool moving, bool nesterov, class T>
__global__ void step_kernel(T* theta, const T* gradient, T* velocity, int64_t n, const double* hyper,
                            Segments segments, const Flag* stop) {
  if (raised(stop)) return;
  const T rate = T(hyper[0]), momentum = T(hyper[1]), scale = T(hyper[3]), limit = T(hyper[4]);
  for_segments<V>(n, segments, [&]<int W>(int64_t i, bool decays) {
    const T decay = decays ? T(hyper[2]) : T(0);
    Pack<T, W> t = load_pack<W>(theta + i), v{};
    const Pack<T, W> gradients = load_pack<W>(gradient + i);
    if constexpr (moving) v = load_pack<W>(velocity + i);
#pragma unroll
    for (int k = 0; k < W; k++) {
      T g = decay * t.at[k] + clamped(gradients.at[k] * scale, limit);
      if constexpr (moving) v.at[k] = momentum * v.at[k] + g;
      if constexpr (nesterov) g = momentum * v.at[k] + g;
      else if constexpr (moving) g = v.at[k];
      t.at[k] = t.at[k] - rate * g;
    }
    store_pack(theta + i, t);
    if constexpr (moving) store_pack(velocity + i, v);
  });
}

template <class T>
void step(T* theta, const T* gradient, T* velocity, int64_t n, const double* hyper, const int64_t* segments,
          int64_t count, bool nesterov, const Flag* stop) {
  if (n == 0 || count == 0) return;
  with_packs<T>(aligned(theta, gradient, velocity), [&]<int V>() {
    const auto kernel = !velocity  ? step_kernel<V, false, false, T>
                        : nesterov ? step_kernel<V, true, true, T>
                                   : step_kernel<V, true, false, T>;
    launch("sgd", kernel, segments_grid(n, 65536), theta, gradient, velocity, n, hyper,
           Segments{segments, count}, stop);
  });
}

}  // namespace

void fill(SgdCuda<float>& part) { part = {step<float>}; }
void fill(SgdCuda<double>& part) { part = {step<double>}; }

}  // namespace strate::cuda
