// Tensor: a view of a block of memory: shape, strides in elements, element type, device. Copying one copies
// the view. It is not an array library: it is allocated, viewed, copied and handed to ops.
#pragma once

#include <utility>

#include "core/allocator.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace strate {

class Tensor {
 public:
  Tensor() = default;  // no memory: stands for "none"
  Tensor(Storage* storage, int64_t offset, DType, const Shape& shape, const Shape& strides, bool read_only);
  Tensor(const Tensor& other);
  Tensor(Tensor&& other) noexcept;
  Tensor& operator=(Tensor other) noexcept;
  ~Tensor();

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }
  DType dtype() const { return dtype_; }
  Device device() const { return storage_ ? storage_->device : Device::cpu; }
  bool read_only() const { return read_only_; }
  int rank() const { return shape_.rank; }
  int64_t count() const { return count_; }
  int64_t bytes() const { return count_ * item_size(dtype_); }
  Storage* storage() const { return storage_; }
  Flag* nonfinite() const {
    return storage_->device == Device::cpu ? &storage_->nonfinite : device_flag(storage_);
  }
  void* raw() const { return storage_ ? static_cast<char*>(storage_->data) + offset_ : nullptr; }
  template <class T> T* data() const { return static_cast<T*>(raw()); }

  bool contiguous() const;                  // row-major, without gaps
  bool has_order(const int* axes) const;    // contiguous once its axes are taken in this order
  Tensor reshape(const Shape&) const;       // of a contiguous tensor; one size may be -1
  Tensor transpose(const int* axes) const;  // axis i of the result is axis axes[i]
  Tensor view(int64_t offset, const Shape& shape, const Shape& strides) const;  // offset in elements
  Tensor as_read_only() const;

 private:
  Storage* storage_ = nullptr;
  int64_t offset_ = 0;  // bytes
  int64_t count_ = 0;
  Shape shape_, strides_;
  DType dtype_ = DType::float32;
  bool read_only_ = false;
};

Tensor empty(const Shape&, DType, Device = Device::cpu);
Tensor zeros(const Shape&, DType, Device = Device::cpu);
// A tensor of this shape whose memory holds the axes in the given order: a permutation, outermost first.
Tensor empty_in_order(const Shape&, const int* axes, DType, Device = Device::cpu);

void fill(const Tensor& to, double value);         // throws where the element type does not hold the value
void fill_whole(const Tensor& to, int64_t value);  // of an int64 tensor, exactly
void copy(const Tensor& to, const Tensor& from);   // same shape; casts; any strides, any devices; may overlap
Tensor contiguous(const Tensor&);                  // itself where it is already
Tensor in_order(const Tensor&, const int* axes);   // itself where its memory has that order, else a copy
Tensor cast(const Tensor&, DType);                 // itself where it is that type already
Tensor cloned(const Tensor&);                      // contiguous copy
Tensor to_device(const Tensor&, Device);  // itself where it is there already; bfloat16 widens on a CPU

}  // namespace strate
