// Two tensors into one: y = g(a + b) or y = g(a b), number by number, g an elementwise activation.
// Derivative, with d = g'(y) dy: da = db = d, or da = d b and db = d a. da and db are overwritten; for a sum
// without activation they are dy itself. Shapes: a, y, da, dy (N, ..., C); b, db the same, or (N, 1, ..., 1,
// C): one number for each map, which is spread over the map's positions, and whose db is summed over them.
// Saved for backward: y; for a product a and b too.
#pragma once

#include <string>
#include <utility>

#include "kernels/combine.h"
#include "ops/activation.h"
#include "ops/column_sums.h"

namespace strate {

struct Combine {
  Combine(const std::string& kind, const Activation&);  // "add" or "multiply"; any activation but softmax

  CombineKind kind;
  Activation activation;
};

const char* combine_name(CombineKind);

Tensor combine_forward(const Tensor& a, const Tensor& b, const Combine&);
// a and b may be without memory for a sum; `b_shape` says what was spread.
std::pair<Tensor, Tensor> combine_backward(const Tensor& dy, const Tensor& y, const Tensor& a,
                                           const Tensor& b, const Shape& b_shape, const Combine&);
double combine_work(const Tensor& y);  // nanoseconds on one thread

// What another op adds to its result before the activation; without memory there is nothing to add. On a
// device it is a pass of its own.
void check_added(const char* op, const Tensor& added, const Tensor& x, const Shape& result,
                 const Activation&);
Tensor with_added(const Tensor& z, const Tensor& added, const Activation&);

namespace cpu {

// y = g(y + added), while y is in cache.
template <class T> void add_near(T* y, const T* added, int64_t n, ActivationKind, T slope);

// What is done to numbers that an op has written, where they lie: g(y + added), of a forward pass, or (y +
// added) h'(x), of a gradient by x, which h returned. added and x may be null, and begin where y does.
template <class T> struct Afterwards {
  const T* added = nullptr;
  ActivationKind kind = ActivationKind::identity;  // g
  T slope = 0;
  const T* x = nullptr;
  ActivationKind before = ActivationKind::identity;  // h
  T before_slope = 0;

  Afterwards() = default;
  Afterwards(const T* added_, ActivationKind g, T g_slope) : added(added_), kind(g), slope(g_slope) {}
  Afterwards(const T* added_, const T* x_, ActivationKind h, T h_slope)
      : added(added_), x(x_), before(h), before_slope(h_slope) {}

  explicit operator bool() const { return added || x; }
  void near(T* y, int64_t from, int64_t n) const;  // of numbers that are in cache, y + from on
  void everywhere(T* y, int64_t n) const;          // shared out over the threads
};

}  // namespace cpu

template <class T> struct CombineCuda {
  void (*forward)(T* y, const T* a, const T* b, int64_t n, CombineFormula);
  // b (groups, columns), the others (groups, rows, columns): images, their positions and maps.
  void (*forward_spread)(T* y, const T* a, const T* b, int64_t groups, int64_t rows, int64_t columns,
                         CombineFormula);
  void (*backward)(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, int64_t n, CombineFormula);
  void (*backward_spread)(T* da, T* db, const T* dy, const T* y, const T* a, const T* b, double* partials,
                          ColumnSizes, CombineFormula);
};

}  // namespace strate
