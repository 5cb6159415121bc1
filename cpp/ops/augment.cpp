#include "ops/augment.h"

#include "core/dispatch.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/rows.h"

namespace strate {
namespace {

constexpr const char* op = "augment";

}  // namespace

double augment_work(const Tensor& source, const Tensor& index) {
  return source.rank() > 0 ? streaming_time(8 * index.count() * row_length(source)) : 0;
}

namespace cpu {

template <class S, class T>
void augment(T* out, const S* source, const int64_t* index, int64_t rows, double scale, const int64_t* random,
             AugmentedImages image, double work) {
  const auto k = kernel_from<S>(kernels<T>().augment);
  const int64_t length = image.height * image.width * image.channels;
  parallel_ranges(rows, rows_per_task(length), work, [&](int64_t begin, int64_t end) {
    k(out + begin * length, source, index + begin, end - begin, T(scale), random, image);
  });
}

}  // namespace cpu

Tensor augment(const Tensor& source_, const Tensor& index_, const Augmentation& a, const Tensor& random,
               double scale, DType type) {
  check(source_.rank() == 4, op, "source holds images (N, H, W, C); got source=", source_.shape());
  check_index_type(op, index_);
  if (!is_real(type)) fail_type(op, "images become float32 or float64; got dtype=", dtype_name(type));
  if (random.dtype() != DType::int64 || random.shape() != Shape{2} || !random.contiguous())
    fail_type(op, "seed and counter are an int64 tensor of shape (2); got random=", Described{random});
  const Shape& s = source_.shape();
  check(a.shift >= 0 && (a.shift == 0 || a.shift < std::min(s[1], s[2])), op,
        "0 <= shift < height and width; got shift=", a.shift, ", source=", s);
  const Tensor source = contiguous(source_), index = contiguous(index_);
  check_index(op, index, s[0]);
  Tensor out = empty({index.count(), s[1], s[2], s[3]}, type, source.device());
  if (out.count() == 0) return out;
  const AugmentedImages image{s[1], s[2], s[3], a.shift, a.flip};
  visit_real(type, [&]<class T>() {
    visit_rows(source.dtype(), [&]<class S>() {
      run(cpu::augment<S, T>, out, source, index, index.count(), scale, random, image,
          augment_work(source, index));
    });
  });
  return out;
}

}  // namespace strate
