#include "ops/gather.h"

#include <algorithm>
#include <cstring>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "gather";

int64_t row_length(const Tensor& source) {
  int64_t length = 1;
  for (int i = 1; i < source.rank(); i++) length *= source.shape()[i];
  return length;
}

int64_t rows_per_task(int64_t length) {
  return std::max<int64_t>(1, elementwise_grain / std::max<int64_t>(1, length));
}

void check_index(const Tensor& index, int64_t rows) {
  const int64_t* p = index.data<int64_t>();
  for (int64_t i = 0; i < index.count(); i++)
    if (p[i] < 0 || p[i] >= rows) [[unlikely]]
      fail_index(op, "0 <= index < ", rows, "; got index ", p[i], " at place ", i);
}

template <class S, class T> auto kernel_from() {
  const auto& k = kernels<T>().gather;
  if constexpr (std::is_same_v<S, int32_t>) return k.from_int32;
  else if constexpr (std::is_same_v<S, int64_t>) return k.from_int64;
  else if constexpr (std::is_same_v<S, float>) return k.from_float32;
  else if constexpr (std::is_same_v<S, double>) return k.from_float64;
  else return k.from_uint8;
}

}  // namespace

double gather_work(const Tensor& source, const Tensor& index) {
  return streaming_time(8 * index.count() * (source.rank() > 0 ? row_length(source) : 1));
}

namespace cpu {

template <class S, class T>
void gather(T* out, const S* source, const int64_t* index, int64_t rows, int64_t length, double scale,
            double work) {
  const auto k = kernel_from<S, T>();
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
  if (index_.dtype() != DType::int64 || index_.rank() != 1)
    fail_type(op, "index is int64 (B); got index=", Described{index_});
  const DType type = dtype.value_or(source_.dtype());
  const bool converts = type != source_.dtype() || scale != 1;
  if (converts && !is_real(type))
    fail_type(op, "rows keep their type, or become float32 or float64; got source=", Described{source_},
              ", dtype=", dtype_name(type), ", scale=", scale);
  const Tensor source = contiguous(source_), index = contiguous(index_);
  check_index(index, source.shape()[0]);
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
    visit_dtype(source.dtype(), [&]<class S_>() {
      using S = std::conditional_t<std::is_same_v<S_, bool>, uint8_t, S_>;
      run(cpu::gather<S, T>, out, source, index, rows, length, scale, work);
    });
  });
  return out;
}

}  // namespace strate
