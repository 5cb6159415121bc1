// The one table of kernels: for an element type, the functions of the instruction set that is in force.
// Each kernels file declares its own part (GemmKernels<T>, SgdKernels<T>, ...) and fills it for its set; a
// part names its members in `list`, so that tests can ask which kernels never ran. A new kernels file is one
// line in this list.
#pragma once

#include "kernels/activation.h"
#include "kernels/adaptive.h"
#include "kernels/augment.h"
#include "kernels/average_pool2d.h"
#include "kernels/batch_norm.h"
#include "kernels/combine.h"
#include "kernels/conv2d.h"
#include "kernels/cross_entropy.h"
#include "kernels/dropout.h"
#include "kernels/embedding.h"
#include "kernels/finite.h"
#include "kernels/gather.h"
#include "kernels/gemm.h"
#include "kernels/global_average_pool2d.h"
#include "kernels/gradient_norm.h"
#include "kernels/layer_norm.h"
#include "kernels/local_response_norm.h"
#include "kernels/mask.h"
#include "kernels/max_pool2d.h"
#include "kernels/normalize.h"
#include "kernels/pointwise_loss.h"
#include "kernels/rbf.h"
#include "kernels/recurrent.h"
#include "kernels/sgd.h"
#include "kernels/softmax.h"
#include "kernels/squared_error.h"
#include "kernels/sub_sample2d.h"
#include "kernels/up_sample2d.h"
#include "kernels/winners.h"
#include "kernels/winograd.h"

#define STRATE_KERNEL_PARTS(PART)                         \
  PART(activation, ActivationKernels)                     \
  PART(adaptive, AdaptiveKernels)                         \
  PART(augment, AugmentKernels)                           \
  PART(average_pool2d, AveragePool2dKernels)              \
  PART(batch_norm, BatchNormKernels)                      \
  PART(combine, CombineKernels)                           \
  PART(conv2d, Conv2dKernels)                             \
  PART(cross_entropy, CrossEntropyKernels)                \
  PART(dropout, DropoutKernels)                           \
  PART(embedding, EmbeddingKernels)                       \
  PART(finite, FiniteKernels)                             \
  PART(gather, GatherKernels)                             \
  PART(gemm, GemmKernels)                                 \
  PART(global_average_pool2d, GlobalAveragePool2dKernels) \
  PART(gradient_norm, GradientNormKernels)                \
  PART(layer_norm, LayerNormKernels)                      \
  PART(local_response_norm, LocalResponseNormKernels)     \
  PART(mask, MaskKernels)                                 \
  PART(max_pool2d, MaxPool2dKernels)                      \
  PART(normalize, NormalizeKernels)                       \
  PART(pointwise_loss, PointwiseLossKernels)              \
  PART(rbf, RbfKernels)                                   \
  PART(recurrent, RecurrentKernels)                       \
  PART(sgd, SgdKernels)                                   \
  PART(softmax, SoftmaxKernels)                           \
  PART(squared_error, SquaredErrorKernels)                \
  PART(sub_sample2d, SubSample2dKernels)                  \
  PART(up_sample2d, UpSample2dKernels)                    \
  PART(winners, WinnersKernels)                           \
  PART(winograd, WinogradKernels)

namespace strate {

template <class T> struct KernelTable {
#define STRATE_FIELD(name, Part) Part<T> name;
  STRATE_KERNEL_PARTS(STRATE_FIELD)
#undef STRATE_FIELD
};

template <class Table, class F> void for_each_part(Table& table, F&& f) {
#define STRATE_VISIT(name, Part) f(table.name);
  STRATE_KERNEL_PARTS(STRATE_VISIT)
#undef STRATE_VISIT
}

}  // namespace strate
