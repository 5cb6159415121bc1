// The table of what a CUDA device provides, for an element type: one part for each op, declared in its
// header. A new op is one line in this list, and a file cuda/ops/<op>.cu that fills its part.
#pragma once

#include "core/cuda.h"
#include "ops/activation.h"
#include "ops/average_pool2d.h"
#include "ops/batch_norm.h"
#include "ops/combine.h"
#include "ops/concat.h"
#include "ops/conv2d.h"
#include "ops/conv2d_transpose.h"
#include "ops/cross_entropy.h"
#include "ops/dense.h"
#include "ops/gather.h"
#include "ops/global_average_pool2d.h"
#include "ops/layer_norm.h"
#include "ops/mask.h"
#include "ops/max_pool2d.h"
#include "ops/normalize.h"
#include "ops/rbf.h"
#include "ops/sgd.h"
#include "ops/sub_sample2d.h"
#include "ops/up_sample2d.h"

#define STRATE_CUDA_PARTS(PART) \
  PART(ActivationCuda)          \
  PART(AveragePool2dCuda)       \
  PART(BatchNormCuda)           \
  PART(BatchNormFoldCuda)       \
  PART(CombineCuda)             \
  PART(ConcatCuda)              \
  PART(Conv2dCuda)              \
  PART(Conv2dTransposeCuda)     \
  PART(CrossEntropyCuda)        \
  PART(DenseCuda)               \
  PART(GatherCuda)              \
  PART(GlobalAveragePool2dCuda) \
  PART(LayerNormCuda)           \
  PART(MaskCuda)                \
  PART(MaxPool2dCuda)           \
  PART(NormalizeCuda)           \
  PART(RbfCuda)                 \
  PART(SgdCuda)                 \
  PART(SubSample2dCuda)         \
  PART(UpSample2dCuda)

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
