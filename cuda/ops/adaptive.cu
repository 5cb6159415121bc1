#include "ops/adaptive.h"

#include "cuda/ops/segments.h"
#include "ops/adaptive_numbers.h"

namespace strate::cuda {
namespace {

// One thread, before the others: powers of the number of steps are too dear for each of them.
__global__ void numbers_kernel(AdaptiveNumbers* numbers, double* hyper, AdaptiveKind kind, const Flag* stop) {
  if (raised(stop)) return;
  *numbers = adaptive_numbers(kind, hyper);
  hyper[7] += 1;
}

template <class T> struct Numbers {
  T rate, shrink, decay, scale, limit, keep, add, keep_square, add_square, root_scale, epsilon;

  __device__ explicit Numbers(const AdaptiveNumbers& n)
      : rate(T(n.rate)),
        shrink(T(n.shrink)),
        decay(T(n.decay)),
        scale(T(n.scale)),
        limit(T(n.limit)),
        keep(T(n.keep)),
        add(T(n.add)),
        keep_square(T(n.keep_square)),
        add_square(T(n.add_square)),
        root_scale(T(n.root_scale)),
        epsilon(T(n.epsilon)) {}
};

__device__ __forceinline__ float root(float x) { return sqrtf(x); }
__device__ __forceinline__ double root(double x) { return sqrt(x); }

template <Averaged averaged, class T>
__device__ __forceinline__ void advance(T& theta, T gradient, T& moment, T& square, const Numbers<T>& n,
                                        bool decays) {
  const T decay = decays ? n.decay : T(0), shrink = decays ? n.shrink : T(1);
  const T g = decay * theta + clamped(gradient * n.scale, n.limit);
  square = n.keep_square * square + n.add_square * g * g;
  const T divisor = n.root_scale * root(square) + n.epsilon;
  T step;
  if constexpr (averaged == Averaged::gradient) {
    moment = n.keep * moment + n.add * g;
    step = moment / divisor;
  } else {
    step = g / divisor;
    if constexpr (averaged == Averaged::step) step = moment = n.keep * moment + step;
  }
  theta = shrink * theta - n.rate * step;
}

template <int V, Averaged averaged, class T>
__global__ void step_kernel(T* theta, const T* gradient, T* moment, T* square, int64_t n,
                            const AdaptiveNumbers* numbers_, Segments segments, const Flag* stop) {
  if (raised(stop)) return;
  const Numbers<T> numbers(*numbers_);
  for_segments<V>(n, segments, [&]<int W>(int64_t i, bool decays) {
    constexpr bool moving = averaged != Averaged::nothing;
    Pack<T, W> t = load_pack<W>(theta + i), s = load_pack<W>(square + i), m{};
    const Pack<T, W> g = load_pack<W>(gradient + i);
    if constexpr (moving) m = load_pack<W>(moment + i);
#pragma unroll
    for (int k = 0; k < W; k++) advance<averaged>(t.at[k], g.at[k], m.at[k], s.at[k], numbers, decays);
    store_pack(theta + i, t);
    store_pack(square + i, s);
    if constexpr (moving) store_pack(moment + i, m);
  });
}

template <class T>
void step(T* theta, const T* gradient, T* moment, T* square, int64_t n, double* hyper,
          AdaptiveNumbers* numbers, const int64_t* segments, int64_t count, AdaptiveKind kind,
          const Flag* stop) {
  launch("adaptive_numbers", numbers_kernel, blocks_of(1, 1), numbers, hyper, kind, stop);
  const Averaged averaged = averaged_by(kind, moment != nullptr);
  with_packs<T>(aligned(theta, gradient, moment, square), [&]<int V>() {
    const auto kernel = averaged == Averaged::gradient ? step_kernel<V, Averaged::gradient, T>
                        : averaged == Averaged::step   ? step_kernel<V, Averaged::step, T>
                                                       : step_kernel<V, Averaged::nothing, T>;
    launch("adaptive", kernel, segments_grid(n, 65536), theta, gradient, moment, square, n, numbers,
           Segments{segments, count}, stop);
  });
}

}  // namespace

void fill(AdaptiveCuda<float>& part) { part = {step<float>}; }
void fill(AdaptiveCuda<double>& part) { part = {step<double>}; }

}  // namespace strate::cuda
