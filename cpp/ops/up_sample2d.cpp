#include "ops/up_sample2d.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "up_sample2d";
constexpr int64_t largest_factor = 1 << 10;

void check_image(const char* name, const Tensor& t, UpSampleFactors factors) {
  check_real(op, name, t);
  check(t.rank() == 4, op, name, " is (N, H, W, C); got ", name, "=", t.shape());
  for (int64_t factor : factors)
    check(factor >= 1 && factor <= largest_factor, op, "a factor is 1 to ", largest_factor,
          "; got factor=", factors[0], "x", factors[1]);
}

int64_t rows_per_task(int64_t elements) {
  return std::max<int64_t>(1, elementwise_grain / std::max<int64_t>(1, elements));
}

double work_of(const UpSampleSizes& s, int64_t item_size) {
  return streaming_time(2 * s.images * s.rows() * s.columns() * s.channels * item_size);
}

}  // namespace

UpSampleKind up_sample_kind(const std::string& name) {
  if (name == "nearest") return UpSampleKind::nearest;
  check(name == "bilinear", op, "a kind is nearest or bilinear; got kind=", name);
  return UpSampleKind::bilinear;
}

namespace cpu {

template <class T> void up_sample2d_forward(T* y, const T* x, UpSampleSizes s, UpSampleKind kind) {
  const auto& k = kernels<T>().up_sample2d;
  const auto kernel = kind == UpSampleKind::nearest ? k.nearest : k.bilinear;
  parallel_ranges(s.images * s.rows(), rows_per_task(s.columns() * s.channels), work_of(s, sizeof(T)),
                  [&](int64_t begin, int64_t end) { kernel(y, x, s, begin, end); });
}

// Every pixel of dx adds up what was taken from it, so it is written by one thread, in one order.
template <class T>
void up_sample2d_backward(T* dx, const T* dy, T* weights, UpSampleSizes s, UpSampleKind kind) {
  const auto& k = kernels<T>().up_sample2d;
  T *rows = weights, *columns = weights + 3 * s.rows();
  if (kind == UpSampleKind::bilinear) {
    k.weights(rows, s.height, s.down);
    k.weights(columns, s.width, s.across);
  }
  const int64_t grain = rows_per_task(s.columns() * s.down * s.channels);
  parallel_ranges(s.images * s.height, grain, work_of(s, sizeof(T)), [&](int64_t begin, int64_t end) {
    if (kind == UpSampleKind::nearest) k.nearest_input(dx, dy, s, begin, end);
    else k.bilinear_input(dx, dy, rows, columns, s, begin, end);
  });
}

}  // namespace cpu

Tensor up_sample2d_forward(const Tensor& x_, UpSampleFactors factors, UpSampleKind kind) {
  check_image("x", x_, factors);
  const Shape& shape = x_.shape();
  const UpSampleSizes s{shape[0], shape[1], shape[2], shape[3], factors[0], factors[1]};
  const Shape enlarged{s.images, checked_multiply(s.height, s.down, op),
                       checked_multiply(s.width, s.across, op), s.channels};
  const Tensor x = contiguous(x_);
  Tensor y = empty(enlarged, x.dtype(), x.device());
  if (y.count() > 0)
    visit_real(x.dtype(), [&]<class T>() {
      run(on(x.device(), cpu::up_sample2d_forward<T>, &UpSample2dCuda<T>::forward), y, x, s, kind);
    });
  return y;
}

Tensor up_sample2d_backward(const Tensor& dy_, UpSampleFactors factors, UpSampleKind kind) {
  check_image("dy", dy_, factors);
  const Shape& shape = dy_.shape();
  check(shape[1] % factors[0] == 0 && shape[2] % factors[1] == 0, op,
        "dy's sides are multiples of the factors; got dy=", shape, ", factor=", factors[0], "x", factors[1]);
  const UpSampleSizes s{shape[0],  shape[1] / factors[0], shape[2] / factors[1], shape[3], factors[0],
                        factors[1]};
  const Tensor dy = contiguous(dy_);
  Tensor dx = empty({s.images, s.height, s.width, s.channels}, dy.dtype(), dy.device());
  if (dx.count() == 0) return dx;
  visit_real(dy.dtype(), [&]<class T>() {
    const Tensor weights = empty({3 * (s.rows() + s.columns())}, dy.dtype(), dy.device());
    run(on(dy.device(), cpu::up_sample2d_backward<T>, &UpSample2dCuda<T>::backward), dx, dy, weights, s,
        kind);
  });
  return dx;
}

}  // namespace strate
