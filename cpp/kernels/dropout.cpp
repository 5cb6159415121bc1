#include "kernels/dropout.h"

#include "simd/partial.h"
#include "simd/philox.h"

namespace strate::STRATE_ISA {
namespace {

typedef uint32_t FewWords __attribute__((vector_size(register_bytes / 2), aligned(4), may_alias));
typedef uint32_t ManyWords __attribute__((vector_size(register_bytes), aligned(4), may_alias));

// The words of as many lanes as a register of T has, compared: a mask of the width of T.
template <class T> STRATE_INLINE Mask<T> kept(const uint32_t* words, uint32_t threshold) {
  if constexpr (sizeof(T) == 4) {
    typedef uint32_t Wide __attribute__((vector_size(register_bytes)));
    Wide w = *reinterpret_cast<const ManyWords*>(words);
    return w >= threshold - Wide{};
  } else {
    Words w = __builtin_convertvector(*reinterpret_cast<const FewWords*>(words), Words);
    return reinterpret_cast<Mask<T>>(w) >= int64_t(threshold) - Mask<T>{};
  }
}

template <class T>
void apply(T* y, const T* x, int64_t begin, int64_t end, const int64_t* random, uint32_t stream,
           uint32_t threshold, T scale_) {
  const PhiloxKeys keys = philox_keys(uint64_t(random[0]));
  const uint64_t streams = uint64_t(random[1]) << 32 | stream;
  const Vec<T> scale = broadcast<T>(scale_);
  alignas(64) uint32_t words[dropout_group];
  for (int64_t i = begin; i < end; i += dropout_group) {
    philox_blocks(words, keys, dropout_domain | uint64_t(i / 4), streams);
    const int64_t count = end - i < dropout_group ? end - i : dropout_group;
    int64_t k = 0;
    for (; k + lanes<T> <= count; k += lanes<T>)
      store<T>(y + i + k, select<T>(kept<T>(words + k, threshold), load(x + i + k) * scale, zero<T>()));
    if (k < count) {
      Vec<T> v = load(x + i + k, first<T>(count - k)) * scale;
      store(y + i + k, select<T>(kept<T>(words + k, threshold), v, zero<T>()), first<T>(count - k));
    }
  }
}

}  // namespace

void fill(DropoutKernels<float>& k) { k.apply = apply<float>; }
void fill(DropoutKernels<double>& k) { k.apply = apply<double>; }

}  // namespace strate::STRATE_ISA
