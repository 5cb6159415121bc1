#include "ops/gather.h"

#include <cstring>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/rows.h"

namespace strate {
namespace {

constexpr const char* op = "gather";

}  // namespace

double gather_work(const Tensor& source, const Tensor& index) {
  return streaming_time(8 * index.count() * (source.rank() > 0 ? row_length(source) : 1));
}

namespace cpu {

template <class T>
void gather(T* out, const void* source, DType from, const int64_t* index, int64_t rows, int64_t length,
            double scale) {
  visit_rows(from, [&]<class S>() {
    const auto k = kernel_from<S>(kernels<T>().gather);
    parallel_ranges(rows, rows_per_task(length), streaming_time(8 * rows * length),
                    [&](int64_t begin, int64_t end) {
                      k(out + begin * length, static_cast<const S*>(source), index + begin, end - begin,
                        length, T(scale));
                    });
  });
}

void gather_bytes(char* out, const char* source, const int64_t* index, int64_t rows, int64_t bytes) {
  parallel_ranges(rows, rows_per_task(bytes / 4), streaming_time(2 * rows * bytes),
                  [&](int64_t begin, int64_t end) {
                    for (int64_t r = begin; r < end; r++)
                      std::memcpy(out + r * bytes, source + index[r] * bytes, size_t(bytes));
                  });
}

}  // namespace cpu

namespace {

// The index, where the source lies.
Tensor checked(const Tensor& source, const Tensor& index_, double scale, DType type) {
  check(source.rank() > 0, op, "source has rows; got source=", source.shape());
  check_index_type(op, index_);
  const bool converts = type != source.dtype() || scale != 1;
  if (converts && (!is_real(type) || source.dtype() == DType::bfloat16))
    fail_type(op, "rows keep their type, or become float32 or float64; got source=", Described{source},
              ", dtype=", dtype_name(type), ", scale=", scale);
  const Tensor index = contiguous(index_);
  check_index(op, index, source.shape()[0]);
  return to_device(index, source.device());
}

void write_rows(const Tensor& out, const Tensor& source, const Tensor& index, double scale) {
  if (out.count() == 0) return;
  const DType type = out.dtype();
  const int64_t rows = index.count(), length = row_length(source);
  if (type != source.dtype() || scale != 1)
    visit_real(type, [&]<class T>() {
      run(on(source.device(), cpu::gather<T>, &GatherCuda<T>::rows), out, source, source.dtype(), index, rows,
          length, scale);
    });
  else
    run(on(source.device(), cpu::gather_bytes, &GatherCuda<float>::bytes), out, source, index, rows,
        length * item_size(type));
}

}  // namespace

Tensor gather(const Tensor& source, const Tensor& index, double scale, std::optional<DType> dtype) {
  const DType type = dtype.value_or(source.dtype());
  return gather_rows(source, checked(source, index, scale, type), scale, type);
}

Tensor gather_rows(const Tensor& source_, const Tensor& index, double scale, DType type) {
  const Tensor source = contiguous(source_);
  Tensor out = empty(batch_shape(source, index), type, source.device());
  write_rows(out, source, index, scale);
  return out;
}

void gather_into(const Tensor& out, const Tensor& source_, const Tensor& index_, double scale) {
  const Tensor index = checked(source_, index_, scale, out.dtype()), source = contiguous(source_);
  check_batch(op, out, batch_shape(source, index));
  write_rows(out, source, index, scale);
}

}  // namespace strate
