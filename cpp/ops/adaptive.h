// Optimisers with a learning rate of its own for every parameter, on flat buffers, in one pass. With
// g = clip(gradient) + wd theta in segments that decay, and s the averaged squares:
//   adam     m = b1 m + (1 - b1) g, s = b2 s + (1 - b2) g^2,
//            theta -= lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps), t the number of the step, from 1
//   adamw    the same with g = clip(gradient), and before it theta -= lr wd theta
//   rmsprop  s = b2 s + (1 - b2) g^2, theta -= lr g / (sqrt(s) + eps); with m: m = b1 m + g / (sqrt(s) +
//   eps),
//            theta -= lr m
//   adagrad  s = s + g^2, theta -= lr g / (sqrt(s) + eps)
// clip(g) = scale g, held within [-limit, limit]. The gradient itself is not written.
// Shapes: theta, gradient, moment m, square s (n); hyper float64 (8): lr, b1, wd, scale, limit, b2, eps and
// the steps taken so far, read when the kernel runs, which counts its step there; segments as in segments.h.
// theta, moment and square are written inside the segments, nowhere else. Adagrad has no moment. On a GPU,
// where the host learns later of a gradient that is not finite, nothing is written and no step is counted
// while the flag of the gradient's memory is raised.
#pragma once

#include <string>

#include "core/tensor.h"
#include "kernels/adaptive.h"

namespace strate {

enum class AdaptiveKind : int32_t { adam, adamw, rmsprop, adagrad };
AdaptiveKind adaptive_kind_of(const std::string& name);

void adaptive(const Tensor& theta, const Tensor& gradient, const Tensor& moment, const Tensor& square,
              const Tensor& hyper, const Tensor& segments, AdaptiveKind);
double adaptive_work(const Tensor& theta);  // nanoseconds on one thread

template <class T> struct AdaptiveCuda {
  void (*step)(T* theta, const T* gradient, T* moment, T* square, int64_t n, double* hyper,
               AdaptiveNumbers* numbers, const int64_t* segments, int64_t count, AdaptiveKind,
               const Flag* stop);
};

}  // namespace strate
