#include "cuda/ops/convolution.h"

#include "cuda/ops/convolution_direct.h"
#include "cuda/ops/convolution_factor.h"
#include "cuda/ops/product.h"

namespace strate::cuda {
namespace {

using cpu::Convolution;
using cpu::ConvolutionAxis;

// How it is computed; by the shape alone.
enum class Way {
  matrix,  // 1x1 kernels and kernels as large as the image are products as they stand
  direct,  // groups of few channels
  gather   // a product that gathers pixels
};

Way way_of(const Convolution& c) {
  if (c.groups > 1) return std::max(c.group_channels(), c.group_filters()) <= 8 ? Way::direct : Way::gather;
  const ConvolutionAxis &r = c.rows, &w = c.columns;
  if (c.padded()) return Way::gather;
  const bool pointwise = c.taps() == 1 && r.out == r.size && w.out == w.size;
  const bool whole = r.kernel == r.size && w.kernel == w.size && r.dilation == 1 && w.dilation == 1;
  return pointwise || whole ? Way::matrix : Way::gather;
}

GatherAxis gather_axis(const ConvolutionAxis& a) {
  return {int(a.size), int(a.out), int(a.stride), -int(a.before), int(a.dilation), int(a.kernel)};
}

ClassAxis class_axis(const ConvolutionAxis& a) {
  return {int(a.size), int(a.out), int(a.kernel), int(a.stride), int(a.dilation), int(a.before)};
}

// Neighbouring channels of a pixel can be copied together.
template <class T> bool channels_in_vectors(const T* base, int64_t channels, int64_t group_channels) {
  return in_vectors(base, group_channels, channels, group_channels);
}

template <bool along, class T> Pixels<T, along> pixels_of(const Convolution& c, const T* x) {
  return {x,
          int(c.images),
          gather_axis(c.rows),
          gather_axis(c.columns),
          int(c.channels),
          int(c.group_channels()),
          channels_in_vectors(x, c.channels, c.group_channels())};
}

// Rows of `filters` numbers, as the depth of a product; of each, a group's filters.
template <class T> Matrix<T, false> filters_of(const Convolution& c, const T* base, int64_t rows) {
  return {base,      int(c.group_filters()), int(rows),
          c.filters, c.group_filters(),      channels_in_vectors(base, c.filters, c.group_filters())};
}

ProductSize weight_size(const Convolution& c) {
  ProductSize size{c.depth(), c.group_filters(), c.outputs(), c.groups};
  size.chunks = chunks_of(size);
  return size;
}

// Tiles of 32 weights, as many as keep a device busy.
int direct_chunks(const Convolution& c) { return sums_chunks(c.outputs(), c.weights()); }

template <class T>
void gathered_weight(const char* name, Wide<T>* dweight, const T* dz, const T* x, Wide<T>* workspace,
                     const Convolution& c, Flag* flag, Multiply kind) {
  const ProductSize size = weight_size(c);
  Result<Wide<T>> result{dweight, int(c.depth()), int(c.group_filters()), c.filters};
  result.part_step = c.group_filters();
  if (size.chunks == 1) {
    result.finish.flag = flag;
  } else {
    result.base = workspace;
    result.chunk_step = c.weights();
  }
  multiply_factors(name, kind, pixels_of<false>(c, x), filters_of(c, dz, c.outputs()), result, size);
  if (size.chunks > 1) sum_chunks(name, dweight, workspace, c.weights(), size.chunks, flag);
}

template <class T>
void direct_weight(const char* name, Wide<T>* dweight, const T* dz, const T* x, Wide<T>* workspace,
                   const Convolution& c, Flag* flag) {
  const int chunks = direct_chunks(c);
  const int64_t tiles = (c.weights() + sum_columns - 1) / sum_columns;
  Finish<Wide<T>> finish;
  if (chunks == 1) finish.flag = flag;
  launch(name, direct_weight_kernel<T>, blocks_of(tiles * chunks, sum_slices * sum_columns),
         chunks > 1 ? workspace : dweight, dz, x, DirectConvolution(c), (c.outputs() + chunks - 1) / chunks,
         finish);
  if (chunks > 1) sum_chunks(name, dweight, workspace, c.weights(), chunks, flag);
}

template <class T>
void gathered_input(const char* name, T* dx, const T* dz, const Wide<T>* weight,
                    const Finish<Wide<T>>& finish, const Convolution& c, Multiply kind) {
  const ClassAxis rows = class_axis(c.rows), columns = class_axis(c.columns);
  const int gf = int(c.group_filters()), gc = int(c.group_channels()), filters = int(c.filters);
  const OutputPixels<T> pixels{
      dz, int(c.images), rows, columns, filters, gf, channels_in_vectors(dz, filters, gf)};
  const TapWeights<Wide<T>> weights{
      weight, rows, columns, filters, gf, gc, channels_in_vectors(weight, filters, gf), 0, 0, 0, 0};
  const InputPixels<T> result{dx, int(c.images), rows, columns, int(c.channels), gc, finish, 0, 0};
  check_size(name, {c.weights(), gc, gf}, 1);  // a place among the weights has 32 bits
  ProductSize size;
  size.rows = c.images * ((rows.size + rows.stride - 1) / rows.stride) *
              ((columns.size + columns.stride - 1) / columns.stride);
  size.columns = gc;
  size.depth = 1;  // differs from class to class, and is not cut
  size.parts = c.groups * rows.classes() * columns.classes();
  multiply_factors(name, kind, pixels, weights, result, size);
}

}  // namespace

template <class T>
void convolution_forward(const char* name, T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias,
                         const Convolution& c, ActivationKind activation, Wide<T> slope, Multiply kind) {
  const Finish<Wide<T>> finish{bias, activation, slope};
  switch (way_of(c)) {
    case Way::matrix:
      return forward_product(
          name, ForwardProduct<T>{y, x, weight, bias, c.outputs(), c.filters, c.depth(), activation, slope},
          kind);
    case Way::direct:
      return launch(name, direct_forward_kernel<T>, grid_of(c.outputs() * c.filters), y, x, weight,
                    DirectConvolution(c), finish);
    case Way::gather:
      Result<T> result{y, int(c.outputs()), int(c.group_filters()), c.filters, finish};
      result.part_step = result.bias_step = int(c.group_filters());
      multiply_factors(name, kind, pixels_of<true>(c, x), filters_of(c, weight, c.depth()), result,
                       {c.outputs(), c.group_filters(), c.depth(), c.groups});
  }
}

template <class T>
void convolution_input(const char* name, T* dx, const T* dz, const Wide<T>* weight, const Wide<T>* bias,
                       const Convolution& c, ActivationKind activation, Wide<T> slope, Multiply kind) {
  const Finish<Wide<T>> finish{bias, activation, slope};
  if (way_of(c) == Way::direct)
    return launch(name, direct_input_kernel<T>, grid_of(c.images * c.rows.size * c.columns.size * c.channels),
                  dx, dz, weight, DirectConvolution(c), finish);
  if (way_of(c) == Way::matrix && !bias && activation == ActivationKind::identity)
    return backward_product(name,
                            BackwardProduct<T>{dx, nullptr, nullptr, dz, nullptr, weight, c.outputs(),
                                               c.filters, c.depth(), nullptr, nullptr, nullptr},
                            kind);
  gathered_input(name, dx, dz, weight, finish, c, kind);
}

int64_t convolution_weight_workspace(const Convolution& c) {
  const int64_t sums = column_sums_workspace(c.outputs(), c.filters);
  if (way_of(c) == Way::matrix) return backward_workspace(c.outputs(), c.filters, c.depth());
  const int chunks = way_of(c) == Way::direct ? direct_chunks(c) : weight_size(c).chunks;
  return std::max(sums, chunks > 1 ? chunks * c.weights() : 0);
}

template <class T>
void convolution_weight(const char* name, Wide<T>* dweight, const T* dz, const T* x, Wide<T>* workspace,
                        const Convolution& c, Flag* flag, Multiply kind) {
  if (way_of(c) == Way::direct) return direct_weight(name, dweight, dz, x, workspace, c, flag);
  if (way_of(c) == Way::gather) return gathered_weight(name, dweight, dz, x, workspace, c, flag, kind);
  backward_product(name,
                   BackwardProduct<T>{nullptr, dweight, nullptr, dz, x, nullptr, c.outputs(), c.filters,
                                      c.depth(), workspace, flag, nullptr},
                   kind);
}

#define STRATE_INSTANTIATE(T)                                                                     \
  template void convolution_forward<T>(const char*, T*, const T*, const Wide<T>*, const Wide<T>*, \
                                       const Convolution&, ActivationKind, Wide<T>, Multiply);    \
  template void convolution_input<T>(const char*, T*, const T*, const Wide<T>*, const Wide<T>*,   \
                                     const Convolution&, ActivationKind, Wide<T>, Multiply);      \
  template void convolution_weight<T>(const char*, Wide<T>*, const T*, const T*, Wide<T>*,        \
                                      const Convolution&, Flag*, Multiply);
STRATE_INSTANTIATE(float)
STRATE_INSTANTIATE(double)
STRATE_INSTANTIATE(bfloat16)

}  // namespace strate::cuda
