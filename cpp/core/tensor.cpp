#include "core/tensor.h"

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
  if (storage_) drop_reference(storage_);
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
  if (dtype == DType::bfloat16 && device == Device::cpu)
    fail_type("empty", "bfloat16 is stored on a device alone; got device=cpu, shape=", shape);
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

void fail_devices(Device kernel, Device tensor) {
  fail_value("device", "the tensors of one call lie on one device; got one on ", device_name(tensor),
             " beside those on ", device_name(kernel));
}

DType dtype_of_name(const std::string& name) {
  for (int i = 0; i < dtype_count; i++)
    if (name == dtype_name(DType(i))) return DType(i);
  fail_type("dtype", "an element type is float32, float64, int32, int64, uint8, bool or bfloat16; got '",
            name, "'");
}

}  // namespace strate
