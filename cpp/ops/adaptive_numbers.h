// The formulas of ops/adaptive.h in terms of the kernels', for both devices.
#pragma once

#include <cmath>

#include "core/device_code.h"
#include "ops/adaptive.h"

namespace strate {

// b^t by squaring: libm picks its pow by processor.
STRATE_DEVICE inline double power_of_steps(double b, double t) {
  double result = 1;
  for (uint64_t n = uint64_t(t); n > 0; n /= 2, b *= b)
    if (n % 2) result *= b;
  return result;
}

// For the step that follows `hyper`.
STRATE_DEVICE inline AdaptiveNumbers adaptive_numbers(AdaptiveKind kind, const double* hyper) {
  const double rate = hyper[0], b1 = hyper[1], decay = hyper[2], b2 = hyper[5], steps = hyper[7] + 1;
  AdaptiveNumbers n = {.rate = rate,
                       .shrink = 1,
                       .decay = decay,
                       .scale = hyper[3],
                       .limit = hyper[4],
                       .keep = b1,
                       .add = 1 - b1,
                       .keep_square = b2,
                       .add_square = 1 - b2,
                       .root_scale = 1,
                       .epsilon = hyper[6]};
  if (kind == AdaptiveKind::adam || kind == AdaptiveKind::adamw) {
    n.rate = rate / (1 - power_of_steps(b1, steps));
    n.root_scale = 1 / sqrt(1 - power_of_steps(b2, steps));
  }
  if (kind == AdaptiveKind::adamw) {
    n.shrink = 1 - rate * decay;
    n.decay = 0;
  }
  if (kind == AdaptiveKind::adagrad) n.keep_square = n.add_square = 1;
  return n;
}

inline Averaged averaged_by(AdaptiveKind kind, bool moving) {
  if (!moving) return Averaged::nothing;
  return kind == AdaptiveKind::rmsprop ? Averaged::step : Averaged::gradient;
}

}  // namespace strate
