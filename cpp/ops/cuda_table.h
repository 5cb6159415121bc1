// The table of what a CUDA device provides, for an element type: one part for each op, declared in its
// header. A new op is one line in this list, and a file cuda/ops/<op>.cu that fills its part.
#pragma once

#include "core/cuda.h"
#include "ops/activation.h"
#include "ops/adaptive.h"
#include "ops/augment.h"
#include "ops/average_pool2d.h"
#include "ops/batch_norm.h"
#include "ops/combine.h"
#include "ops/concat.h"
#include "ops/conv2d.h"
#include "ops/conv2d_transpose.h"
#include "ops/count_correct.h"
#include "ops/cross_entropy.h"
#include "ops/dense.h"
#include "ops/dropout.h"
#include "ops/embedding.h"
#include "ops/finite.h"
#include "ops/gather.h"
#include "ops/global_average_pool2d.h"
#include "ops/gradient_norm.h"
#include "ops/layer_norm.h"
#include "ops/local_response_norm.h"
#include "ops/mask.h"
#include "ops/max_pool2d.h"
#include "ops/normalize.h"
#include "ops/pointwise_loss.h"
#include "ops/rbf.h"
#include "ops/recurrent.h"
#include "ops/sgd.h"
#include "ops/squared_error.h"
#include "ops/sub_sample2d.h"
#include "ops/up_sample2d.h"

#define STRATE_CUDA_PARTS(PART) \
  PART(ActivationCuda)          \
  PART(AdaptiveCuda)            \
  PART(AugmentCuda)             \
  PART(AveragePool2dCuda)       \
  PART(BatchNormCuda)           \
  PART(BatchNormFoldCuda)       \
  PART(CombineCuda)             \
  PART(ConcatCuda)              \
  PART(Conv2dCuda)              \
  PART(Conv2dTransposeCuda)     \
  PART(CountCorrectCuda)        \
  PART(CrossEntropyCuda)        \
  PART(DenseCuda)               \
  PART(DropoutCuda)             \
  PART(EmbeddingCuda)           \
  PART(FiniteCuda)              \
  PART(GatherCuda)              \
  PART(GlobalAveragePool2dCuda) \
  PART(GradientNormCuda)        \
  PART(LayerNormCuda)           \
  PART(LocalResponseNormCuda)   \
  PART(MaskCuda)                \
  PART(MaxPool2dCuda)           \
  PART(NormalizeCuda)           \
  PART(PointwiseLossCuda)       \
  PART(RbfCuda)                 \
  PART(RecurrentCuda)           \
  PART(SgdCuda)                 \
  PART(SquaredErrorCuda)        \
  PART(SubSample2dCuda)         \
  PART(UpSample2dCuda)

// Those that work on what is stored as bfloat16 too.
#define STRATE_CUDA_BFLOAT16_PARTS(PART) \
  PART(ActivationCuda)                   \
  PART(AveragePool2dCuda)                \
  PART(BatchNormCuda)                    \
  PART(CombineCuda)                      \
  PART(Conv2dCuda)                       \
  PART(Conv2dTransposeCuda)              \
  PART(DenseCuda)                        \
  PART(DropoutCuda)                      \
  PART(GlobalAveragePool2dCuda)          \
  PART(MaxPool2dCuda)

namespace strate {

#define STRATE_BASE(Part) Part<T>,
template <class T> struct CudaEnd {};
template <class T> struct CudaOps : STRATE_CUDA_PARTS(STRATE_BASE) CudaEnd<T> {};
#undef STRATE_BASE
#define STRATE_BASE(Part) Part<bfloat16>,
template <> struct CudaOps<bfloat16> : STRATE_CUDA_BFLOAT16_PARTS(STRATE_BASE) CudaEnd<bfloat16> {};
#undef STRATE_BASE

// A library of another build has other tables: one that differs in size is refused.
constexpr int64_t cuda_layout_of_tables() {
  return int64_t(sizeof(CudaRuntime) + sizeof(CudaOps<float>) * 1024 + sizeof(CudaOps<bfloat16>) +
                 sizeof(Storage) * 64);
}

}  // namespace strate
