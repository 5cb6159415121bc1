#include "ops/conv2d_winograd_forward.h"
#include "ops/conv2d_winograd_weight.h"

namespace strate::cpu {
namespace {

template <class T> struct Parts {
  WinogradWeight<T> weight;
  WinogradForward<T> input;

  explicit Parts(const Convolution& c, T* dx = nullptr, const T* dz = nullptr, const T* x = nullptr,
                 const T* zeros = nullptr, const T* u = nullptr)
      : weight(winograd_of(c, winograd_tile<T>(c)), x, dz, zeros),
        input(winograd_of(exchanged(c), winograd_input_tile<T>(c)), dz, dx, zeros, u) {}

  int64_t images() const { return weight.block / weight.image; }                   // of a block
  int64_t input_tiles() const { return input.plan.down * input.plan.across; }      // of an image
  int64_t zeros() const { return std::max(weight.plan.zeros, input.plan.zeros); }  // elements
  int64_t scratch() const { return std::max(weight.scratch(), input.plan.space(images() * input_tiles())); }
};

}  // namespace

template <class T> bool winograd_gradients_fit(const Convolution& c) {
  if (winograd_tile<T>(c) == WinogradTile::none || winograd_input_tile<T>(c) == WinogradTile::none)
    return false;
  const Parts<T> p(c);
  // Chunks are as many as the shape says: with more threads than that, each gradient has more tasks apart.
  return p.weight.whole && p.weight.chunks >= c.workers && p.weight.small(p.input.plan.weights);
}

template <class T> int64_t winograd_gradients_space(const Convolution& c) {
  const Parts<T> p(c);
  return p.zeros() + p.input.plan.weights + (1 + p.weight.chunks) * p.weight.du() +
         scratch_space<T>(p.scratch(), c.workers);
}

template <class T>
void winograd_gradients(T* dx, T* dweight, const T* dz, const T* x, const T* weight, T* space, Convolution c,
                        Afterwards<T> after, Flag* nonfinite) {
  const Parts<T> sizes(c);
  T *zeros = space, *u = zeros + sizes.zeros(), *du = u + sizes.input.plan.weights;
  Parts<T> p(c, dx, dz, x, zeros, u);
  p.input.after = after;
  T *partial = du + p.weight.du(), *scratches = partial + p.weight.chunks * p.weight.du();
  std::fill_n(zeros, p.zeros(), T(0));
  transform_winograd_weights(p.input.size, p.input.plan, u, weight, true, c.workers);
  parallel_for(
      p.weight.chunks, p.weight.size.work() + p.input.size.work(), c.workers, [&](int64_t chunk, int worker) {
        T *points = scratch_of(scratches, p.scratch(), worker), *sums = partial + chunk * p.weight.du();
        const Span images = cut(c.images, 1, p.weight.chunks, chunk);
        for (int64_t i = images.begin; i < images.end; i += p.images()) {
          const int64_t n = std::min(p.images(), images.end - i);
          p.weight.one_block(sums, points, i * p.weight.image, n * p.weight.image, i > images.begin);
          p.input.one_block(points, i * p.input_tiles(), n * p.input_tiles());
        }
      });
  add_chunks(du, partial, p.weight.du(), p.weight.chunks, p.weight.du(), [](int64_t, int64_t) {});
  p.weight.finish(dweight, du, nonfinite);
}

#define STRATE_INSTANTIATE(T)                                                                               \
  template bool winograd_gradients_fit<T>(const Convolution&);                                              \
  template int64_t winograd_gradients_space<T>(const Convolution&);                                         \
  template void winograd_gradients<T>(T*, T*, const T*, const T*, const T*, T*, Convolution, Afterwards<T>, \
                                      Flag*);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)
#undef STRATE_INSTANTIATE

}  // namespace strate::cpu
