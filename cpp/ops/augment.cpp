#include "ops/augment.h"

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

template <class T>
void augment(T* out, const void* source, DType from, const int64_t* index, int64_t rows, double scale,
             const int64_t* random, AugmentedImages image) {
  const int64_t length = image.height * image.width * image.channels;
  visit_rows(from, [&]<class S>() {
    const auto k = kernel_from<S>(kernels<T>().augment);
    parallel_ranges(rows, rows_per_task(length), streaming_time(8 * rows * length),
                    [&](int64_t begin, int64_t end) {
                      k(out + begin * length, static_cast<const S*>(source), index + begin, end - begin,
                        T(scale), random, image);
                    });
  });
}

}  // namespace cpu

namespace {

void check_augment(const Tensor& source, const Tensor& index, const Augmentation& a, const Tensor& random,
                   DType type) {
  check(source.rank() == 4, op, "source holds images (N, H, W, C); got source=", source.shape());
  check_index_type(op, index);
  if (!is_real(type)) fail_type(op, "images become float32 or float64; got dtype=", dtype_name(type));
  if (random.dtype() != DType::int64 || random.shape() != Shape{2} || !random.contiguous())
    fail_type(op, "seed and counter are an int64 tensor of shape (2); got random=", Described{random});
  const Shape& s = source.shape();
  check(a.shift >= 0 && (a.shift == 0 || a.shift < std::min(s[1], s[2])), op,
        "0 <= shift < height and width; got shift=", a.shift, ", source=", s);
}

}  // namespace

Tensor augment(const Tensor& source, const Tensor& index, const Augmentation& a, const Tensor& random,
               double scale, DType type) {
  check_augment(source, index, a, random, type);
  Tensor out = empty(batch_shape(source, index), type, source.device());
  augment_into(out, source, index, a, random, scale);
  return out;
}

void augment_into(const Tensor& out, const Tensor& source_, const Tensor& index_, const Augmentation& a,
                  const Tensor& random_, double scale) {
  check_augment(source_, index_, a, random_, out.dtype());
  check_batch(op, out, batch_shape(source_, index_));
  const Tensor source = contiguous(cast(source_, wide(source_.dtype()))), given = contiguous(index_);
  const Shape& s = source.shape();
  check_index(op, given, s[0]);
  const Tensor index = to_device(given, source.device()), random = to_device(random_, source.device());
  if (out.count() == 0) return;
  const AugmentedImages image{s[1], s[2], s[3], a.shift, a.flip};
  visit_real(out.dtype(), [&]<class T>() {
    run(on(source.device(), cpu::augment<T>, &AugmentCuda<T>::rows), out, source, source.dtype(), index,
        index.count(), scale, random, image);
  });
}

}  // namespace strate
