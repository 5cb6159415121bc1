#include "ops/gather.h"

#include <cstring>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/rows.h"

namespace strate {
namespace {

constexpr const char* op = "gather";

}  // namespace

double gather_work(const Tensor& source, const Tensor& index) {
  return streaming_time(8 * index.count() * (source.rank() > 0 ? row_length(source) : 1));
}

namespace cpu {

template <class S, class T>
void gather(T* out, const S* source, const int64_t* index, int64_t rows, int64_t length, double scale,
            double work) {
  const auto k = kernel_from<S>(kernels<T>().gather);
  parallel_ranges(rows, rows_per_task(length), work, [&](int64_t begin, int64_t end) {
    k(out + begin * length, source, index + begin, end - begin, length, T(scale));
  });
}

void gather_bytes(char* out, const char* source, const int64_t* index, int64_t rows, int64_t bytes,
                  double work) {
  parallel_ranges(rows, rows_per_task(bytes / 4), work, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++)
      std::memcpy(out + r * bytes, source + index[r] * bytes, size_t(bytes));
  });
}

}  // namespace cpu

Tensor gather(const Tensor& source_, const Tensor& index_, double scale, std::optional<DType> dtype) {
  check(source_.rank() > 0, op, "source has rows; got source=", source_.shape());
  check_index_type(op, index_);
  const DType type = dtype.value_or(source_.dtype());
  const bool converts = type != source_.dtype() || scale != 1;
  if (converts && !is_real(type))
    fail_type(op, "rows keep their type, or become float32 or float64; got source=", Described{source_},
              ", dtype=", dtype_name(type), ", scale=", scale);
  const Tensor source = contiguous(source_), index = contiguous(index_);
  check_index(op, index, source.shape()[0]);
  Shape shape = source.shape();
  shape[0] = index.count();
  Tensor out = empty(shape, type, source.device());
  if (out.count() == 0) return out;
  const int64_t rows = index.count(), length = row_length(source);
  const double work = gather_work(source, index);
  if (!converts) {
    run(cpu::gather_bytes, out, source, index, rows, length * item_size(type), work);
    return out;
  }
  visit_real(type, [&]<class T>() {
    visit_rows(source.dtype(),
               [&]<class S>() { run(cpu::gather<S, T>, out, source, index, rows, length, scale, work); });
  });
  return out;
}

}  // namespace strate
