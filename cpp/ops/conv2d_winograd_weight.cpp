#include "ops/conv2d_winograd_weight.h"

namespace strate::cpu {

template <class T> int64_t winograd_weight_space(const Winograd& s, int workers) {
  return WinogradWeight<T>(s).space(workers);
}

template <class T>
void winograd_weight(T* dweight, const T* x, const T* dz, T* space, Winograd size, int workers,
                     Flag* nonfinite) {
  const WinogradWeight<T> g(size, x, dz, space);
  std::fill_n(space, g.plan.zeros, T(0));
  T *du = space + g.plan.zeros, *rest = du + g.du();
  if (g.chunks > 1) g.by_chunks(du, rest, workers);
  else g.together(du, rest);
  g.finish(dweight, du, nonfinite);
}

#define STRATE_INSTANTIATE(T)                                      \
  template int64_t winograd_weight_space<T>(const Winograd&, int); \
  template void winograd_weight<T>(T*, const T*, const T*, T*, Winograd, int, Flag*);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
