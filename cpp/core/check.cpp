#include "core/check.h"

namespace strate {

int64_t checked_multiply(int64_t a, int64_t b, std::string_view op) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    fail_value(op, "a size does not fit 64 bits; got ", a, " * ", b);
  return product;
}

int64_t checked_add(int64_t a, int64_t b, std::string_view op) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) fail_value(op, "a size does not fit 64 bits; got ", a, " + ", b);
  return sum;
}

}  // namespace strate
