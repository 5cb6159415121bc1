#include "core/shape.h"

#include <algorithm>
#include <ostream>

#include "core/check.h"

namespace strate {

Shape::Shape(std::initializer_list<int64_t> sizes) {
  for (int64_t size : sizes) append(size);
}

bool Shape::operator==(const Shape& other) const {
  return rank == other.rank && std::equal(dim.begin(), dim.begin() + rank, other.dim.begin());
}

void Shape::append(int64_t size) {
  check(rank < max_rank, "shape", "at most ", max_rank, " axes; got more after ", *this);
  dim[rank++] = size;
}

int64_t Shape::count() const {
  if (std::find(dim.begin(), dim.begin() + rank, 0) != dim.begin() + rank) return 0;
  int64_t product = 1;
  for (int i = 0; i < rank; i++) product = checked_multiply(product, dim[i], "shape");
  return product;
}

Shape Shape::row_major() const {
  Shape strides = *this;
  uint64_t step = 1;  // wraps around only beside a size of 0, where no stride is used
  for (int i = rank - 1; i >= 0; i--) {
    strides.dim[i] = int64_t(step);
    step *= uint64_t(std::max<int64_t>(dim[i], 1));
  }
  return strides;
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '(';
  for (int i = 0; i < shape.rank; i++) out << (i ? ", " : "") << shape.dim[i];
  return out << (shape.rank == 1 ? ",)" : ")");
}

}  // namespace strate
