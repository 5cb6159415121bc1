#include "ops/augment.h"

#include "core/philox.h"
#include "cuda/core/launch.h"
#include "ops/rows.h"

namespace strate::cuda {
namespace {

constexpr int64_t stretch = 4 * block_size;  // numbers of an image that a block writes with one draw

// A whole number in -most ... most, each equally likely up to 2^-32.
__device__ __forceinline__ int64_t within(uint32_t word, int64_t most) {
  return int64_t((uint64_t(word) * uint64_t(2 * most + 1)) >> 32) - most;
}

// A block for each stretch of each image of the batch; its threads draw the same numbers.
template <class S, class T>
__global__ void augment_kernel(T* out, const S* source, const int64_t* index, int64_t rows, T scale,
                               const int64_t* random, AugmentedImages image) {
  const int64_t line = image.width * image.channels, size = image.height * line;
  const int64_t stretches = (size + stretch - 1) / stretch;
  for (int64_t task = blockIdx.x; task < rows * stretches; task += gridDim.x) {
    const int64_t row = task / stretches, begin = task % stretches * stretch;
    const int64_t end = begin + stretch < size ? begin + stretch : size;
    const Philox4 draw =
        philox(uint64_t(random[0]), augment_domain | uint64_t(index[row]), uint64_t(random[1]));
    const bool flip = image.flip && draw.word[0] >> 31;
    const int64_t down = within(draw.word[1], image.shift), right = within(draw.word[2], image.shift);
    const S* from = source + index[row] * size;
    for (int64_t i = begin + threadIdx.x; i < end; i += blockDim.x) {
      const int64_t h = i / line - down, place = i % line;
      const int64_t w = place / image.channels - right, c = place % image.channels;
      const bool inside = h >= 0 && h < image.height && w >= 0 && w < image.width;
      const int64_t column = flip ? image.width - 1 - w : w;
      out[row * size + i] = inside ? T(from[h * line + column * image.channels + c]) * scale : T(0);
    }
  }
}

template <class T>
void augment(T* out, const void* source, DType from, const int64_t* index, int64_t rows, double scale,
             const int64_t* random, AugmentedImages image) {
  const int64_t size = image.height * image.width * image.channels;
  visit_rows(from, [&]<class S>() {
    launch("augment", augment_kernel<S, T>, blocks_of(rows * ((size + stretch - 1) / stretch)), out,
           static_cast<const S*>(source), index, rows, T(scale), random, image);
  });
}

}  // namespace

void fill(AugmentCuda<float>& part) { part = {augment<float>}; }
void fill(AugmentCuda<double>& part) { part = {augment<double>}; }

}  // namespace strate::cuda
