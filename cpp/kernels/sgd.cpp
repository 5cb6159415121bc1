#include "kernels/sgd.h"

#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> struct Step {
  Vec<T> theta, velocity;
};

template <bool moving, bool nesterov, class T>
STRATE_INLINE Step<T> advance(Vec<T> theta, Vec<T> gradient, Vec<T> velocity, Vec<T> rate, Vec<T> momentum,
                              Vec<T> decay) {
  Vec<T> g = fmadd(decay, theta, gradient), v = g;
  if constexpr (moving) v = fmadd(momentum, velocity, g);
  if constexpr (nesterov) g = fmadd(momentum, v, g);
  else g = v;
  return {fmadd(-rate, g, theta), v};
}

template <bool moving, bool nesterov, class T>
void sweep(T* theta, const T* gradient, T* velocity, int64_t n, T rate_, T momentum_, T decay_) {
  const Vec<T> rate = broadcast<T>(rate_), momentum = broadcast<T>(momentum_), decay = broadcast<T>(decay_);
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    Vec<T> v = moving ? load(velocity + i) : zero<T>();
    Step<T> next =
        advance<moving, nesterov, T>(load(theta + i), load(gradient + i), v, rate, momentum, decay);
    store<T>(theta + i, next.theta);
    if constexpr (moving) store<T>(velocity + i, next.velocity);
  }
  if (i == n) return;
  const int64_t rest = n - i;
  Vec<T> v = moving ? load(velocity + i, first<T>(rest)) : zero<T>();
  Step<T> next = advance<moving, nesterov, T>(load(theta + i, first<T>(rest)),
                                              load(gradient + i, first<T>(rest)), v, rate, momentum, decay);
  store(theta + i, next.theta, first<T>(rest));
  if constexpr (moving) store(velocity + i, next.velocity, first<T>(rest));
}

template <class T>
void step(T* theta, const T* gradient, T* velocity, int64_t n, const double* hyper, bool decays,
          bool nesterov) {
  const T rate = T(hyper[0]), momentum = T(hyper[1]), decay = decays ? T(hyper[2]) : T(0);
  if (!velocity) sweep<false, false>(theta, gradient, velocity, n, rate, momentum, decay);
  else if (nesterov) sweep<true, true>(theta, gradient, velocity, n, rate, momentum, decay);
  else sweep<true, false>(theta, gradient, velocity, n, rate, momentum, decay);
}

}  // namespace

void fill(SgdKernels<float>& k) { k.step = step<float>; }
void fill(SgdKernels<double>& k) { k.step = step<double>; }

}  // namespace strate::STRATE_ISA
