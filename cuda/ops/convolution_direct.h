// Convolutions whose groups have few channels, depthwise ones above all: a product's tile would stay almost
// empty, so a thread computes each number. They are bound by memory, not by arithmetic; float32 is exact here
// in any case.
#pragma once

#include "cuda/ops/product_kernel.h"
#include "cuda/ops/product_sum.h"
#include "ops/convolution.h"

namespace strate::cuda {

struct DirectConvolution {
  cpu::ConvolutionAxis rows, columns;
  int64_t images, channels, filters, group_channels, group_filters, outputs, weights;

  explicit DirectConvolution(const cpu::Convolution& c)
      : rows(c.rows),
        columns(c.columns),
        images(c.images),
        channels(c.channels),
        filters(c.filters),
        group_channels(c.group_channels()),
        group_filters(c.group_filters()),
        outputs(c.outputs()),
        weights(c.weights()) {}
};

struct PixelPlace {
  int64_t image, row, column, channel;
  __device__ __forceinline__ PixelPlace(int64_t i, int64_t rows, int64_t columns, int64_t channels) {
    channel = i % channels;
    i /= channels;
    column = i % columns;
    i /= columns;
    row = i % rows;
    image = i / rows;
  }
};

__device__ __forceinline__ bool within(int64_t i, int64_t size) { return i >= 0 && i < size; }

// A thread for each y: neighbours have neighbouring filters.
template <class T>
__global__ void direct_forward_kernel(T* y, const T* x, const Wide<T>* weight, DirectConvolution c,
                                      Finish<Wide<T>> finish) {
  const int64_t gc = c.group_channels, gf = c.group_filters;
  for_each(c.outputs * c.filters, [&](int64_t i) {
    const PixelPlace p(i, c.rows.out, c.columns.out, c.filters);
    const int64_t first = p.channel / gf * gc;
    Wide<T> sum = 0;
    for (int64_t a = 0; a < c.rows.kernel; a++) {
      const int64_t row = p.row * c.rows.stride - c.rows.before + a * c.rows.dilation;
      if (!within(row, c.rows.size)) continue;
      for (int64_t b = 0; b < c.columns.kernel; b++) {
        const int64_t column = p.column * c.columns.stride - c.columns.before + b * c.columns.dilation;
        if (!within(column, c.columns.size)) continue;
        const T* from = x + ((p.image * c.rows.size + row) * c.columns.size + column) * c.channels + first;
        const Wide<T>* w = weight + (a * c.columns.kernel + b) * gc * c.filters + p.channel;
        for (int64_t k = 0; k < gc; k++) sum = multiply_add(widened(from[k]), w[k * c.filters], sum);
      }
    }
    y[i] = narrowed<T>(finish(sum, int(p.channel)));
  });
}

// A thread for each dx, which looks for the outputs that saw it.
template <class T>
__global__ void direct_input_kernel(T* dx, const T* dz, const Wide<T>* weight, DirectConvolution c,
                                    Finish<Wide<T>> finish) {
  const int64_t gc = c.group_channels, gf = c.group_filters;
  for_each(c.images * c.rows.size * c.columns.size * c.channels, [&](int64_t i) {
    const PixelPlace p(i, c.rows.size, c.columns.size, c.channels);
    const int64_t group = p.channel / gc, channel = p.channel % gc;
    Wide<T> sum = 0;
    for (int64_t a = 0; a < c.rows.kernel; a++) {
      const int64_t row = p.row + c.rows.before - a * c.rows.dilation;
      if (row % c.rows.stride != 0 || !within(row / c.rows.stride, c.rows.out)) continue;
      for (int64_t b = 0; b < c.columns.kernel; b++) {
        const int64_t column = p.column + c.columns.before - b * c.columns.dilation;
        if (column % c.columns.stride != 0 || !within(column / c.columns.stride, c.columns.out)) continue;
        const int64_t pixel =
            (p.image * c.rows.out + row / c.rows.stride) * c.columns.out + column / c.columns.stride;
        const T* from = dz + pixel * c.filters + group * gf;
        const Wide<T>* w = weight + ((a * c.columns.kernel + b) * gc + channel) * c.filters + group * gf;
        for (int64_t k = 0; k < gf; k++) sum = multiply_add(widened(from[k]), w[k], sum);
      }
    }
    dx[i] = narrowed<T>(finish(sum, int(p.channel)));
  });
}

// A block has 32 weights, neighbours in filters, and one chunk of the pixels of y, which its slices take in
// turn; the slices are added in their order.
template <class T>
__global__ void direct_weight_kernel(Wide<T>* dweight, const T* dz, const T* x, DirectConvolution c,
                                     int64_t chunk_pixels, Finish<Wide<T>> finish) {
  STRATE_SHARED(sums, Wide<T>[sum_slices][sum_columns]);
  const int64_t count = c.weights, tiles = (count + sum_columns - 1) / sum_columns,
                chunk = blockIdx.x / tiles;
  const int slice = threadIdx.x / sum_columns, place = threadIdx.x % sum_columns;
  const int64_t i = blockIdx.x % tiles * sum_columns + place, gc = c.group_channels, gf = c.group_filters;
  const int64_t end = (chunk + 1) * chunk_pixels < c.outputs ? (chunk + 1) * chunk_pixels : c.outputs;
  Wide<T> sum = 0;
  if (i < count) {
    const PixelPlace w(i, c.columns.kernel, gc, c.filters);  // image: a, row: b, column: channel in the group
    const int64_t channel = w.channel / gf * gc + w.column;
    for (int64_t pixel = chunk * chunk_pixels + slice; pixel < end; pixel += sum_slices) {
      const PixelPlace p(pixel, c.rows.out, c.columns.out, 1);
      const int64_t row = p.row * c.rows.stride - c.rows.before + w.image * c.rows.dilation;
      const int64_t column = p.column * c.columns.stride - c.columns.before + w.row * c.columns.dilation;
      const bool inside = within(row, c.rows.size) && within(column, c.columns.size);
      const int64_t at = ((p.image * c.rows.size + row) * c.columns.size + column) * c.channels + channel;
      // Zero, which a dz that is not a number makes one, as in a product.
      const Wide<T> seen = inside ? widened(x[at]) : 0;
      sum = multiply_add(seen, widened(dz[pixel * c.filters + w.channel]), sum);
    }
  }
  sums[slice][place] = sum;
  __syncthreads();
  if (slice == 0 && i < count) {
    for (int s = 1; s < sum_slices; s++) sum += sums[s][place];
    dweight[chunk * count + i] = finish(sum, 0);
  }
}

}  // namespace strate::cuda
