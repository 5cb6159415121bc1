#include "kernels/adaptive.h"

#include "simd/math.h"
#include "simd/partial.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> struct Parameters {
  Vec<T> theta, moment, square;
};

template <class T> struct Numbers {
  Vec<T> rate, shrink, decay, scale, limit, keep, add, keep_square, add_square, root_scale, epsilon;
};

template <class T> STRATE_INLINE Numbers<T> broadcast_numbers(const AdaptiveNumbers& n) {
  auto all = [](double x) { return broadcast<T>(T(x)); };
  return {all(n.rate), all(n.shrink),      all(n.decay),      all(n.scale),      all(n.limit),  all(n.keep),
          all(n.add),  all(n.keep_square), all(n.add_square), all(n.root_scale), all(n.epsilon)};
}

template <Averaged averaged, class T>
STRATE_INLINE Parameters<T> advance(Parameters<T> p, Vec<T> gradient, const Numbers<T>& n) {
  Vec<T> g = fmadd(n.decay, p.theta, clamp<T>(gradient * n.scale, n.limit));
  p.square = fmadd(n.keep_square, p.square, n.add_square * g * g);
  const Vec<T> divisor = fmadd(n.root_scale, square_root<T>(p.square), n.epsilon);
  Vec<T> step;
  if constexpr (averaged == Averaged::gradient) {
    p.moment = fmadd(n.keep, p.moment, n.add * g);
    step = p.moment / divisor;
  } else {
    step = g / divisor;
    if constexpr (averaged == Averaged::step) step = p.moment = fmadd(n.keep, p.moment, step);
  }
  p.theta = fmadd(-n.rate, step, n.shrink * p.theta);
  return p;
}

template <Averaged averaged, bool partial, class T>
STRATE_INLINE void block(T* theta, const T* gradient, T* moment, T* square, const Numbers<T>& n,
                         First<T> few) {
  constexpr bool moving = averaged != Averaged::nothing;
  Parameters<T> p = {load_first<T, partial>(theta, few), zero<T>(), load_first<T, partial>(square, few)};
  if constexpr (moving) p.moment = load_first<T, partial>(moment, few);
  p = advance<averaged, T>(p, load_first<T, partial>(gradient, few), n);
  store_first<T, partial>(theta, p.theta, few);
  store_first<T, partial>(square, p.square, few);
  if constexpr (moving) store_first<T, partial>(moment, p.moment, few);
}

template <Averaged averaged, class T>
void sweep(T* theta, const T* gradient, T* moment, T* square, int64_t n, const AdaptiveNumbers& numbers_) {
  const Numbers<T> numbers = broadcast_numbers<T>(numbers_);
  const First<T> few = first<T>(n % lanes<T>);
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>)
    block<averaged, false>(theta + i, gradient + i, moment + i, square + i, numbers, few);
  if (i < n) block<averaged, true>(theta + i, gradient + i, moment + i, square + i, numbers, few);
}

template <class T>
void step(T* theta, const T* gradient, T* moment, T* square, int64_t n, Averaged averaged,
          const AdaptiveNumbers* numbers) {
  if (averaged == Averaged::gradient) sweep<Averaged::gradient>(theta, gradient, moment, square, n, *numbers);
  else if (averaged == Averaged::step) sweep<Averaged::step>(theta, gradient, moment, square, n, *numbers);
  else sweep<Averaged::nothing>(theta, gradient, moment, square, n, *numbers);
}

}  // namespace

void fill(AdaptiveKernels<float>& k) { k.step = step<float>; }
void fill(AdaptiveKernels<double>& k) { k.step = step<double>; }

}  // namespace strate::STRATE_ISA
