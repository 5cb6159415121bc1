#include "kernels/sgd.h"

#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> struct Step {
  Vec<T> theta, velocity;
};

template <class T> struct Numbers {
  Vec<T> rate, momentum, decay, scale, limit;
};

template <bool moving, bool nesterov, class T>
STRATE_INLINE Step<T> advance(Vec<T> theta, Vec<T> gradient, Vec<T> velocity, const Numbers<T>& n) {
  Vec<T> g = fmadd(n.decay, theta, clamp<T>(gradient * n.scale, n.limit)), v = g;
  if constexpr (moving) v = fmadd(n.momentum, velocity, g);
  if constexpr (nesterov) g = fmadd(n.momentum, v, g);
  else g = v;
  return {fmadd(-n.rate, g, theta), v};
}

template <bool moving, bool nesterov, class T>
void sweep(T* theta, const T* gradient, T* velocity, int64_t n, const Numbers<T>& numbers) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    Vec<T> v = moving ? load(velocity + i) : zero<T>();
    Step<T> next = advance<moving, nesterov, T>(load(theta + i), load(gradient + i), v, numbers);
    store<T>(theta + i, next.theta);
    if constexpr (moving) store<T>(velocity + i, next.velocity);
  }
  if (i == n) return;
  const First<T> rest = first<T>(n - i);
  Vec<T> v = moving ? load(velocity + i, rest) : zero<T>();
  Step<T> next = advance<moving, nesterov, T>(load(theta + i, rest), load(gradient + i, rest), v, numbers);
  store(theta + i, next.theta, rest);
  if constexpr (moving) store(velocity + i, next.velocity, rest);
}

template <class T>
void step(T* theta, const T* gradient, T* velocity, int64_t n, const double* hyper, bool decays,
          bool nesterov) {
  const Numbers<T> numbers = {broadcast<T>(T(hyper[0])), broadcast<T>(T(hyper[1])),
                              broadcast<T>(decays ? T(hyper[2]) : T(0)), broadcast<T>(T(hyper[3])),
                              broadcast<T>(T(hyper[4]))};
  if (!velocity) sweep<false, false>(theta, gradient, velocity, n, numbers);
  else if (nesterov) sweep<true, true>(theta, gradient, velocity, n, numbers);
  else sweep<true, false>(theta, gradient, velocity, n, numbers);
}

}  // namespace

void fill(SgdKernels<float>& k) { k.step = step<float>; }
void fill(SgdKernels<double>& k) { k.step = step<double>; }

}  // namespace strate::STRATE_ISA
