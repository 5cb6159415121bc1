// The table of what a CUDA device provides, for an element type: one part for each op, declared in its
// header. A new op is one line in this list, and a file cuda/ops/<op>.cu that fills its part.
#pragma once

#include "core/cuda.h"
#include "ops/layer_norm.h"
#include "ops/max_pool2d.h"
#include "ops/normalize.h"
#include "ops/rbf.h"

#define STRATE_CUDA_PARTS(PART) PART(LayerNormCuda) PART(MaxPool2dCuda) PART(NormalizeCuda) PART(RbfCuda)

namespace strate {

#define STRATE_BASE(Part) Part<T>,
template <class T> struct CudaEnd {};
template <class T> struct CudaOps : STRATE_CUDA_PARTS(STRATE_BASE) CudaEnd<T> {};
#undef STRATE_BASE

// A library of another build has other tables: one that differs in size is refused.
constexpr int64_t cuda_layout_of_tables() {
  return int64_t(sizeof(CudaRuntime) + sizeof(CudaOps<float>) * 1024 + sizeof(Storage) * 64);
}

}  // namespace strate
