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

Tensor augment(const Tensor& source_, const Tensor& index_, const Augmentation& a, const Tensor& random_,
               double scale, DType type) {
  check(source_.rank() == 4, op, "source holds images (N, H, W, C); got source=", source_.shape());
  check_index_type(op, index_);
  if (!is_real(type)) fail_type(op, "images become float32 or float64; got dtype=", dtype_name(type));
  if (random_.dtype() != DType::int64 || random_.shape() != Shape{2} || !random_.contiguous())
    fail_type(op, "seed and counter are an int64 tensor of shape (2); got random=", Described{random_});
  const Shape& s = source_.shape();
  check(a.shift >= 0 && (a.shift == 0 || a.shift < std::min(s[1], s[2])), op,
        "0 <= shift < height and width; got shift=", a.shift, ", source=", s);
  const Tensor source = contiguous(cast(source_, wide(source_.dtype()))), given = contiguous(index_);
  check_index(op, given, s[0]);
  const Tensor index = to_device(given, source.device()), random = to_device(random_, source.device());
  Tensor out = empty({index.count(), s[1], s[2], s[3]}, type, source.device());
  if (out.count() == 0) return out;
  const AugmentedImages image{s[1], s[2], s[3], a.shift, a.flip};
  visit_real(type, [&]<class T>() {
    run(on(source.device(), cpu::augment<T>, &AugmentCuda<T>::rows), out, source, source.dtype(), index,
        index.count(), scale, random, image);
  });
  return out;
}

}  // namespace strate
