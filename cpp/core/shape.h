// Shape: up to eight sizes, outermost first. Also used for strides, counted in elements.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>

namespace strate {

constexpr int max_rank = 8;

struct Shape {
  int rank = 0;
  std::array<int64_t, max_rank> dim{};

  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes);

  int64_t operator[](int axis) const { return dim[axis < 0 ? rank + axis : axis]; }
  int64_t& operator[](int axis) { return dim[axis < 0 ? rank + axis : axis]; }
  bool operator==(const Shape& other) const;

  void append(int64_t size);  // throws past max_rank
  int64_t count() const;      // product of the sizes; throws where it overflows
  Shape row_major() const;    // strides of a contiguous array of this shape
};

std::ostream& operator<<(std::ostream&, const Shape&);  // (64, 28, 28, 1)

}  // namespace strate
