#include "ops/convolution_unfolded.h"

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/grid.h"
#include "ops/product.h"
#include "ops/scratch.h"

namespace strate::cpu {
namespace {

constexpr int64_t most_outputs = 64;
constexpr int64_t large_weights = 2 << 20;  // bytes

// Where the parts of the workspace lie.
template <class T> struct Unfolded {
  Convolution c;
  int64_t rows, band;  // elements: of the unfolded rows, of a worker's padded band

  explicit Unfolded(const Convolution& c_)
      : c(c_),
        rows(rounded(c.outputs() * c.depth())),
        band(c.padded() ? rounded(band_rows(c, 1) * band_row(c) + 16) : 0) {}

  int64_t bands() const { return scratch_space<T>(band, c.workers); }
  int64_t space() const {
    return rows + bands() + forward_workspace<T>(c.outputs(), c.filters, c.depth(), c.workers);
  }

  // A row of outputs of an image.
  void unfold(T* to, const T* x, int64_t image, int64_t row, T* scratch) const {
    const BandView<T> view = input_band<T>(c, x, image, row, row + 1, scratch);
    const int64_t run = c.run(), runs = c.columns.kernel * c.channels / run;
    for (int64_t u = 0; u < c.rows.kernel; u++)
      for (int64_t v = 0; v < runs; v++)
        kernels<T>().gemm.copy(
            to + (u * runs + v) * run, c.depth(),
            view.data + u * c.rows.dilation * view.row + v * c.columns.dilation * c.channels,
            c.columns.stride * c.channels, c.columns.out, run);
  }
};

}  // namespace

template <class T> bool unfolds(const Convolution& c) {
  return c.groups == 1 && c.outputs() <= most_outputs && c.weights() * int64_t(sizeof(T)) >= large_weights;
}

template <class T> int64_t unfolded_forward_space(const Convolution& c) { return Unfolded<T>(c).space(); }

template <class T>
void unfolded_forward(T* y, const T* x, const T* weight, const T* bias, T* workspace, const Convolution& c,
                      ActivationKind activation, T slope) {
  const Unfolded<T> u(c);
  T *bands = workspace + u.rows, *rest = bands + u.bands();
  const double work = double(c.outputs() * c.depth()) * 0.1;
  parallel_for(c.images * c.rows.out, work, c.workers, [&](int64_t row, int worker) {
    u.unfold(workspace + row * c.columns.out * c.depth(), x, row / c.rows.out, row % c.rows.out,
             u.band ? scratch_of(bands, u.band, worker) : nullptr);
  });
  forward_product(ForwardProduct<T>{y, workspace, weight, bias, c.outputs(), c.filters, c.depth(), activation,
                                    slope, rest, c.workers});
}

#define STRATE_INSTANTIATE(T)                                                                 \
  template bool unfolds<T>(const Convolution&);                                               \
  template int64_t unfolded_forward_space<T>(const Convolution&);                             \
  template void unfolded_forward<T>(T*, const T*, const T*, const T*, T*, const Convolution&, \
                                    ActivationKind, T);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)

}  // namespace strate::cpu
