#include "core/tensor.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/dispatch.h"

namespace strate {

Tensor::Tensor(Storage* storage, int64_t offset, DType dtype, const Shape& shape, const Shape& strides,
               bool read_only)
    : storage_(storage),
      offset_(offset),
      count_(shape.count()),
      shape_(shape),
      strides_(strides),
      dtype_(dtype),
      read_only_(read_only) {
  storage_->references.fetch_add(1, std::memory_order_relaxed);
}

Tensor::Tensor(const Tensor& other)
    : storage_(other.storage_),
      offset_(other.offset_),
      count_(other.count_),
      shape_(other.shape_),
      strides_(other.strides_),
      dtype_(other.dtype_),
      read_only_(other.read_only_) {
  if (storage_) storage_->references.fetch_add(1, std::memory_order_relaxed);
}

Tensor::Tensor(Tensor&& other) noexcept
    : storage_(std::exchange(other.storage_, nullptr)),
      offset_(other.offset_),
      count_(other.count_),
      shape_(other.shape_),
      strides_(other.strides_),
      dtype_(other.dtype_),
      read_only_(other.read_only_) {}

Tensor& Tensor::operator=(Tensor other) noexcept {
  std::swap(storage_, other.storage_);
  offset_ = other.offset_;
  count_ = other.count_;
  shape_ = other.shape_;
  strides_ = other.strides_;
  dtype_ = other.dtype_;
  read_only_ = other.read_only_;
  return *this;
}

Tensor::~Tensor() {
  if (storage_ && storage_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    storage_->release(storage_);
}

bool Tensor::contiguous() const {
  if (count_ == 0) return true;
  int64_t step = 1;
  for (int i = rank() - 1; i >= 0; i--) {
    if (shape_[i] != 1 && strides_[i] != step) return false;
    step *= shape_[i];
  }
  return true;
}

bool Tensor::has_order(const int* axes) const {
  if (count_ == 0) return true;
  int64_t step = 1;
  for (int i = rank() - 1; i >= 0; i--) {
    if (shape_[axes[i]] != 1 && strides_[axes[i]] != step) return false;
    step *= shape_[axes[i]];
  }
  return true;
}

Tensor Tensor::reshape(const Shape& wanted) const {
  check(contiguous(), "reshape",
        "only a contiguous tensor can be viewed in another shape; got shape=", shape_,
        ", strides=", strides_);
  Shape shape = wanted;
  int open = -1;
  int64_t known = 1;
  for (int i = 0; i < shape.rank; i++) {
    if (shape[i] >= 0) {
      known = checked_multiply(known, shape[i], "reshape");
      continue;
    }
    check(shape[i] == -1 && open < 0, "reshape", "one size may be -1, the others are 0 or more; got ",
          wanted);
    open = i;
  }
  if (open >= 0) {
    check(known > 0 && count_ % known == 0, "reshape", count_, " values do not fit ", wanted);
    shape[open] = count_ / known;
  }
  check(shape.count() == count_, "reshape", count_, " values do not fit ", wanted, "; got shape=", shape_);
  return view(0, shape, shape.row_major());
}

Tensor Tensor::transpose(const int* axes) const {
  Shape shape = shape_, strides = strides_;
  for (int i = 0; i < rank(); i++) {
    shape[i] = shape_[axes[i]];
    strides[i] = strides_[axes[i]];
  }
  return view(0, shape, strides);
}

Tensor Tensor::view(int64_t offset, const Shape& shape, const Shape& strides) const {
  return Tensor(storage_, offset_ + offset * item_size(dtype_), dtype_, shape, strides, read_only_);
}

Tensor Tensor::as_read_only() const { return Tensor(storage_, offset_, dtype_, shape_, strides_, true); }

Tensor empty(const Shape& shape, DType dtype, Device device) {
  for (int i = 0; i < shape.rank; i++)
    check(shape[i] >= 0, "empty", "sizes are 0 or more; got shape=", shape);
  int64_t bytes = checked_multiply(shape.count(), item_size(dtype), "empty");
  return Tensor(device_table(device).allocate(bytes), 0, dtype, shape, shape.row_major(), false);
}

Tensor zeros(const Shape& shape, DType dtype, Device device) {
  Tensor t = empty(shape, dtype, device);
  fill(t, 0);
  return t;
}

Tensor empty_in_order(const Shape& shape, const int* axes, DType dtype, Device device) {
  Shape memory = shape;
  int place[max_rank];
  for (int i = 0; i < shape.rank; i++) {
    memory[i] = shape[axes[i]];
    place[axes[i]] = i;
  }
  return empty(memory, dtype, device).transpose(place);
}

namespace cpu {
namespace {

struct Layout {
  Shape shape, to, from;
};

template <class To, class From> To convert(From value) {
  if constexpr (std::is_same_v<To, bool>) return value != From(0);
  else return static_cast<To>(value);
}

template <class To, class From> void copy_rows(To* to, const From* from, const Layout& l, int axis) {
  int64_t n = l.shape[axis], a = l.to[axis], b = l.from[axis];
  if (axis == l.shape.rank - 1) {
    for (int64_t i = 0; i < n; i++) to[i * a] = convert<To>(from[i * b]);
    return;
  }
  for (int64_t i = 0; i < n; i++) copy_rows(to + i * a, from + i * b, l, axis + 1);
}

template <class To, class From> void copy_any(To* to, const From* from, Layout l) {
  if (l.shape.rank == 0) *to = convert<To>(*from);
  else copy_rows(to, from, l, 0);
}

template <class T, class Number> void fill_any(T* to, Number value, Layout l) {
  T cast = convert<T>(value);
  Layout constant = l;
  for (int i = 0; i < l.shape.rank; i++) constant.from[i] = 0;
  copy_any(to, &cast, constant);
}

void copy_bytes(void* to, const void* from, int64_t bytes) {
  device_table(Device::cpu).copy(to, from, bytes);
}

}  // namespace
}  // namespace cpu

void fill(const Tensor& to, double value) {
  if (to.count() == 0) return;
  visit_dtype(to.dtype(), [&]<class T>() {
    if constexpr (!std::is_floating_point_v<T> && !std::is_same_v<T, bool>)
      check(value >= double(std::numeric_limits<T>::min()) &&
                value < double(std::numeric_limits<T>::max()) + 1,  // past 2^53 that sum is the next power
            "fill", "the value does not fit ", dtype_name(to.dtype()), "; got ", value);
    run(cpu::fill_any<T, double>, to, value, cpu::Layout{to.shape(), to.strides(), to.strides()});
  });
}

void fill_whole(const Tensor& to, int64_t value) {
  if (to.count() == 0) return;
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
  Extent x = extent(a), y = extent(b);
  return x.begin < y.end && y.begin < x.end;
}

}  // namespace

void copy(const Tensor& to, const Tensor& from) {
  check(to.shape() == from.shape(), "copy", "shapes differ; got ", to.shape(), " from ", from.shape());
  if (to.count() == 0) return;
  if (may_overlap(to, from)) return copy(to, cloned(from));
  if (to.dtype() == from.dtype() && to.contiguous() && from.contiguous()) {
    run(cpu::copy_bytes, to, from, to.bytes());
    return;
  }
  cpu::Layout layout{to.shape(), to.strides(), from.strides()};
  visit_dtype(to.dtype(), [&]<class To>() {
    visit_dtype(from.dtype(), [&]<class From>() { run(cpu::copy_any<To, From>, to, from, layout); });
  });
}

Tensor cloned(const Tensor& t) {
  Tensor made = empty(t.shape(), t.dtype(), t.device());
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

DType dtype_of_name(const std::string& name) {
  for (int i = 0; i < dtype_count; i++)
    if (name == dtype_name(DType(i))) return DType(i);
  fail_type("dtype", "an element type is float32, float64, int32, int64, uint8 or bool; got '", name, "'");
}

}  // namespace strate
