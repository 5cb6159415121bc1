#include <algorithm>
#include <cstring>
#include <limits>

#include "core/check.h"
#include "core/cuda.h"
#include "core/dispatch.h"
#include "core/parallel.h"
#include "core/tensor.h"

namespace strate {

namespace cpu {
namespace {

struct Layout {
  Shape shape, to, from;
};

template <class To, class From> To convert(From value) {
  if constexpr (std::is_same_v<To, bool>) return value != From(0);
  else return static_cast<To>(value);
}

// Copies of the beginning: the C library's copy writes whole registers, where this file is compiled for any
// processor.
template <class T> void fill_row(T* to, int64_t n, T value) {
  constexpr int64_t some = 2048 / int64_t(sizeof(T));
  std::fill_n(to, std::min(n, some), value);
  for (int64_t at = some; at < n; at += some)
    std::memcpy(to + at, to, size_t(std::min(some, n - at)) * sizeof(T));
}

template <class To, class From> void copy_rows(To* to, const From* from, const Layout& l, int axis) {
  int64_t n = l.shape[axis], a = l.to[axis], b = l.from[axis];
  if (axis == l.shape.rank - 1) {
    if constexpr (std::is_same_v<To, From>) {
      if (a == 1 && b == 0) return fill_row(to, n, *from);
      if (a == 1 && b == 1) return void(std::copy_n(from, n, to));
    }
    for (int64_t i = 0; i < n; i++) to[i * a] = convert<To>(from[i * b]);
    return;
  }
  for (int64_t i = 0; i < n; i++) copy_rows(to + i * a, from + i * b, l, axis + 1);
}

// Of all pairs of types one function type, so that they are shared out in one place.
using CopyAny = void (*)(void* to, const void* from, Layout);

template <class To, class From> void copy_any(void* to_, const void* from_, Layout l) {
  auto* to = static_cast<To*>(to_);
  auto* from = static_cast<const From*>(from_);
  if (l.shape.rank == 0) *to = convert<To>(*from);
  else copy_rows(to, from, l, 0);
}

// Axes that follow one another in both memories are one axis, and those of a single place none.
Layout merged(const Layout& l) {
  Layout m{};
  for (int i = 0; i < l.shape.rank; i++) {
    const int64_t n = l.shape[i], last = m.shape.rank - 1;
    if (n == 1) continue;
    const bool follows = last >= 0 && m.to[last] == n * l.to[i] && m.from[last] == n * l.from[i];
    const int at = follows ? int(last) : m.shape.rank++;
    m.shape[at] = follows ? m.shape[at] * n : n;
    m.to[at] = l.to[i];
    m.from[at] = l.from[i];
  }
  return m;
}

// The rows of the first axis are shared out.
void copy_parts(void* to_, const void* from_, CopyAny part, int64_t to_size, int64_t from_size,
                Layout given) {
  constexpr int64_t grain = 1 << 14;  // numbers
  const Layout l = merged(given);
  if (l.shape.rank == 0) return part(to_, from_, l);
  auto* to = static_cast<char*>(to_);
  auto* from = static_cast<const char*>(from_);
  const int64_t count = l.shape.count(), row = count / l.shape[0];
  parallel_ranges(l.shape[0], std::max<int64_t>(1, grain / row), double(count) * 0.3,
                  [&](int64_t begin, int64_t end) {
                    Layout rows = l;
                    rows.shape[0] = end - begin;
                    part(to + begin * l.to[0] * to_size, from + begin * l.from[0] * from_size, rows);
                  });
}

template <class T, class Number> void fill_any(T* to, Number value, Layout l) {
  T cast = convert<T>(value);
  Layout constant = l;
  for (int i = 0; i < l.shape.rank; i++) constant.from[i] = 0;
  copy_parts(to, &cast, copy_any<T, T>, sizeof(T), sizeof(T), constant);
}

void copy_bytes(void* to, const void* from, int64_t bytes) {
  device_table(Device::cpu).copy(to, from, bytes);
}

}  // namespace
}  // namespace cpu

namespace {

CudaLayout cuda_layout(const Shape& shape, const Shape& to, const Shape& from) {
  CudaLayout layout{shape.rank, shape.count(), {}, {}, {}};
  for (int i = 0; i < shape.rank; i++) {
    layout.size[i] = shape[i];
    layout.to[i] = to[i];
    layout.from[i] = from[i];
  }
  return layout;
}

// One value, as the bits of its element type.
template <class T, class Number> void fill_cuda(const Tensor& to, Number value) {
  const T cast = cpu::convert<T>(value);
  uint64_t bits = 0;
  std::memcpy(&bits, &cast, sizeof(T));
  run(Kernel{cuda_runtime().fill, Device::cuda}, to, cuda_layout(to.shape(), to.strides(), to.strides()),
      int64_t(sizeof(T)), bits);
}

}  // namespace

void fill(const Tensor& to, double value) {
  if (to.count() == 0) return;
  if (to.dtype() == DType::bfloat16) return fill_cuda<uint16_t>(to, to_bfloat16(float(value)).bits);
  visit_dtype(to.dtype(), [&]<class T>() {
    if constexpr (!std::is_floating_point_v<T> && !std::is_same_v<T, bool>)
      check(value >= double(std::numeric_limits<T>::min()) &&
                value < double(std::numeric_limits<T>::max()) + 1,  // past 2^53 that sum is the next power
            "fill", "the value does not fit ", dtype_name(to.dtype()), "; got ", value);
    if (to.device() == Device::cuda) return fill_cuda<T>(to, value);
    run(cpu::fill_any<T, double>, to, value, cpu::Layout{to.shape(), to.strides(), to.strides()});
  });
}

void fill_whole(const Tensor& to, int64_t value) {
  if (to.count() == 0) return;
  if (to.device() == Device::cuda) return fill_cuda<int64_t>(to, value);
  run(cpu::fill_any<int64_t, int64_t>, to, value, cpu::Layout{to.shape(), to.strides(), to.strides()});
}

namespace {

struct Extent {
  const char *begin, *end;
};

Extent extent(const Tensor& t) {
  const char* data = t.data<char>();
  Extent e{data, data + item_size(t.dtype())};
  for (int i = 0; i < t.rank(); i++) {
    int64_t reach = (t.shape()[i] - 1) * t.strides()[i] * item_size(t.dtype());
    (reach < 0 ? e.begin : e.end) += reach;
  }
  return e;
}

bool may_overlap(const Tensor& a, const Tensor& b) {
  if (a.device() != b.device()) return false;
  Extent x = extent(a), y = extent(b);
  return x.begin < y.end && y.begin < x.end;
}

}  // namespace

namespace {

// Between devices bytes move as they lie: what has to be cast or reordered is, on the side that it comes
// from; and it is put in its places on the other.
void copy_across(const Tensor& to, const Tensor& from) {
  if (to.dtype() == DType::bfloat16) return copy(to, to_device(cast(from, DType::float32), to.device()));
  const Tensor source = contiguous(cast(from, to.dtype()));
  if (!to.contiguous()) return copy(to, to_device(source, to.device()));
  if (to.device() == Device::cuda) cuda_runtime().to_device(to.raw(), source.raw(), to.bytes());
  else cuda_runtime().to_host(to.raw(), source.raw(), to.bytes());
}

void copy_on_cuda(const Tensor& to, const Tensor& from) {
  if (to.dtype() == from.dtype() && to.contiguous() && from.contiguous())
    return run(Kernel{cuda_runtime().copy, Device::cuda}, to, from, to.bytes());
  // bfloat16 becomes float32, or comes from it.
  const bool narrow = to.dtype() == DType::bfloat16 || from.dtype() == DType::bfloat16;
  if (narrow && !(wide(to.dtype()) == DType::float32 && wide(from.dtype()) == DType::float32))
    return copy(to, cast(from, DType::float32));
  run(Kernel{cuda_runtime().convert, Device::cuda}, to, to.dtype(), from, from.dtype(),
      cuda_layout(to.shape(), to.strides(), from.strides()));
}

}  // namespace

void copy(const Tensor& to, const Tensor& from) {
  check(to.shape() == from.shape(), "copy", "shapes differ; got ", to.shape(), " from ", from.shape());
  if (to.count() == 0) return;
  if (to.device() != from.device()) return copy_across(to, from);
  if (may_overlap(to, from)) return copy(to, cloned(from));
  if (to.device() == Device::cuda) return copy_on_cuda(to, from);
  if (to.dtype() == from.dtype() && to.contiguous() && from.contiguous()) {
    run(cpu::copy_bytes, to, from, to.bytes());
    return;
  }
  const cpu::Layout layout{to.shape(), to.strides(), from.strides()};
  cpu::CopyAny function = nullptr;
  visit_dtype(to.dtype(), [&]<class To>() {
    visit_dtype(from.dtype(), [&]<class From>() { function = cpu::copy_any<To, From>; });
  });
  run(cpu::copy_parts, to, from, function, item_size(to.dtype()), item_size(from.dtype()), layout);
}

Tensor cloned(const Tensor& t) {
  Tensor made = empty(t.shape(), t.dtype(), t.device());
  copy(made, t);
  return made;
}

Tensor to_device(const Tensor& t, Device device) {
  if (t.device() == device) return t;
  Tensor made = empty(t.shape(), device == Device::cpu ? wide(t.dtype()) : t.dtype(), device);
  copy(made, t);
  return made;
}

Tensor contiguous(const Tensor& t) { return t.contiguous() ? t : cloned(t); }

Tensor in_order(const Tensor& t, const int* axes) {
  if (t.has_order(axes)) return t;
  Tensor made = empty_in_order(t.shape(), axes, t.dtype(), t.device());
  copy(made, t);
  return made;
}

Tensor cast(const Tensor& t, DType dtype) {
  if (t.dtype() == dtype) return t;
  Tensor made = empty(t.shape(), dtype, t.device());
  copy(made, t);
  return made;
}

}  // namespace strate
