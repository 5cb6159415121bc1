// Random fills: value i of a tensor depends on (seed, stream, i) alone, in the order of the tensor's axes.
#pragma once

#include "core/tensor.h"

namespace strate {

void fill_uniform(const Tensor& out, double low, double high, uint64_t seed,
                  uint64_t stream);  // in [low, high)
void fill_normal(const Tensor& out, double mean, double deviation, uint64_t seed, uint64_t stream);
void count_up(const Tensor& number);  // int64, one value: the next step of whatever depends on it
Tensor permutation(int64_t n, uint64_t seed, uint64_t stream);  // int64, every order of 0..n-1 equally likely

}  // namespace strate
