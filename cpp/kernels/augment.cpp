#include "kernels/augment.h"

#include "core/philox.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

// A whole number in -most ... most, each equally likely up to 2^-32.
STRATE_INLINE int64_t within(uint32_t word, int64_t most) {
  return int64_t((uint64_t(word) * uint64_t(2 * most + 1)) >> 32) - most;
}

template <class T> STRATE_INLINE void clear(T* out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = T(0);
}

template <class T, class S>
STRATE_INLINE void copied(T* __restrict out, const S* __restrict from, int64_t n, T scale) {
  for (int64_t i = 0; i < n; i++) out[i] = T(from[i]) * scale;
}

// Pixels from right to left. A number of channels that the compiler knows lets it turn registers around.
template <int known, class T, class S>
STRATE_INLINE void mirrored(T* __restrict out, const S* __restrict last, int64_t pixels, int64_t channels_,
                            T scale) {
  const int64_t channels = known ? known : channels_;
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t c = 0; c < channels; c++) out[p * channels + c] = T(last[c - p * channels]) * scale;
}

// One row of pixels, moved right by `move`: of the mirrored row, where it is mirrored.
template <class T, class S>
STRATE_INLINE void row_of(T* out, const S* from, int64_t move, bool flip, T scale,
                          const AugmentedImages& image) {
  const int64_t width = image.width, channels = image.channels;
  const int64_t left = move > 0 ? move : 0, right = move < 0 ? -move : 0, inside = width - left - right;
  clear(out, left * channels);
  clear(out + (left + inside) * channels, right * channels);
  out += left * channels;
  if (!flip) {
    copied(out, from + right * channels, inside * channels, scale);
    return;
  }
  const S* last = from + (width - 1 - right) * channels;
  if (channels == 1) mirrored<1>(out, last, inside, channels, scale);
  else if (channels == 3) mirrored<3>(out, last, inside, channels, scale);
  else mirrored<0>(out, last, inside, channels, scale);
}

template <class T, class S>
void rows_of(T* out, const S* source, const int64_t* index, int64_t rows, T scale, const int64_t* random,
             AugmentedImages image) {
  const int64_t line = image.width * image.channels, size = image.height * line;
  for (int64_t r = 0; r < rows; r++, out += size) {
    const Philox4 draw =
        philox(uint64_t(random[0]), augment_domain | uint64_t(index[r]), uint64_t(random[1]));
    const bool flip = image.flip && draw.word[0] >> 31;
    const int64_t down = within(draw.word[1], image.shift), right = within(draw.word[2], image.shift);
    for (int64_t i = 0; i < image.height; i++) {
      if (i < down || i >= image.height + down) clear(out + i * line, line);
      else row_of(out + i * line, source + index[r] * size + (i - down) * line, right, flip, scale, image);
    }
  }
}

template <class T> void fill_part(AugmentKernels<T>& k) {
  k.from_uint8 = rows_of<T, uint8_t>;
  k.from_int32 = rows_of<T, int32_t>;
  k.from_int64 = rows_of<T, int64_t>;
  k.from_float32 = rows_of<T, float>;
  k.from_float64 = rows_of<T, double>;
}

}  // namespace

void fill(AugmentKernels<float>& k) { fill_part(k); }
void fill(AugmentKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
