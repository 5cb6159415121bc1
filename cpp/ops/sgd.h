// Stochastic gradient descent on flat buffers, in one pass. With learning rate lr, momentum m and weight
// decay wd:
//   g' = clip(g) + wd theta (in segments that decay), v = m v + g', theta -= lr v; Nesterov: theta -= lr (g'
//   + m v).
// Without velocity there is no momentum: theta -= lr g'. clip(g) = scale g, held within [-limit, limit]; 1
// and infinity leave it alone. The gradient itself is not written. Shapes: theta, gradient, velocity (n);
// hyper float64 (5): lr, m, wd, scale, limit, read when the kernel runs; segments as in segments.h. theta and
// velocity are written inside the segments, nowhere else. On a GPU, where the host learns later of a gradient
// that is not finite, nothing is written while the flag of the gradient's memory is raised.
#pragma once

#include "core/tensor.h"

namespace strate {

void sgd(const Tensor& theta, const Tensor& gradient, const Tensor& velocity, const Tensor& hyper,
         const Tensor& segments, bool nesterov);
double sgd_work(const Tensor& theta);  // nanoseconds on one thread

template <class T> struct SgdCuda {
  void (*step)(T* theta, const T* gradient, T* velocity, int64_t n, const double* hyper,
               const int64_t* segments, int64_t count, bool nesterov, const Flag* stop);
};

}  // namespace strate
