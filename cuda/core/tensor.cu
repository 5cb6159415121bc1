#include "cuda/core/tensor.h"

#include "cuda/core/pack.h"

namespace strate::cuda {

void copy(void* to, const void* from, int64_t bytes) {
  if (bytes > 0) CUDA_CHECK(cudaMemcpyAsync(to, from, size_t(bytes), cudaMemcpyDeviceToDevice, stream()));
}

// Host memory that may be changed or given back right afterwards: a recording, which would read it again at
// every replay, refuses it.
void to_device(void* to, const void* from, int64_t bytes) {
  if (capturing()) host->fail_device("[cuda] a step that copies from host memory cannot be captured");
  if (bytes > 0) CUDA_CHECK(cudaMemcpyAsync(to, from, size_t(bytes), cudaMemcpyHostToDevice, stream()));
}

void to_host(void* to, const void* from, int64_t bytes) {
  if (capturing()) host->fail_device("[cuda] a step that reads device memory on the host cannot be captured");
  if (bytes > 0) CUDA_CHECK(cudaMemcpyAsync(to, from, size_t(bytes), cudaMemcpyDeviceToHost, stream()));
  synchronize();
}

namespace {

struct Places {
  int64_t to, from;
};

// Where element i, in row-major order of the shape, lies in both.
__device__ Places places_of(const CudaLayout& layout, int64_t i) {
  Places p{0, 0};
#pragma unroll 1  // divisions of 64 bits are long
  for (int axis = layout.rank - 1; axis >= 0; axis--) {
    const int64_t at = i % layout.size[axis];
    i /= layout.size[axis];
    p.to += at * layout.to[axis];
    p.from += at * layout.from[axis];
  }
  return p;
}

template <class T> __global__ void fill_kernel(T* to, CudaLayout layout, T value) {
  for_each(layout.count, [&](int64_t i) { to[places_of(layout, i).to] = value; });
}

template <class To, class From> __global__ void convert_kernel(To* to, const From* from, CudaLayout layout) {
  for_each(layout.count, [&](int64_t i) {
    const Places p = places_of(layout, i);
    if constexpr (std::is_same_v<To, bool>) to[p.to] = from[p.from] != From(0);
    else if constexpr (std::is_same_v<To, bfloat16>) to[p.to] = narrowed<To>(from[p.from]);
    else if constexpr (std::is_same_v<From, bfloat16>) to[p.to] = widened(from[p.from]);
    else to[p.to] = static_cast<To>(from[p.from]);
  });
}

// float32 to bfloat16 or back, both contiguous.
template <int V, class To, class From> __global__ void round_kernel(To* to, const From* from, int64_t n) {
  for_packs<V>(n, [&]<int W>(int64_t i) { store_pack(to + i, load_pack<W>(from + i)); });
}

template <class T> void fill_with(void* to, const CudaLayout& layout, uint64_t bits) {
  launch("fill", fill_kernel<T>, grid_of(layout.count), static_cast<T*>(to), layout, T(bits));
}

__global__ void count_up_kernel(int64_t* number) { ++*number; }

__global__ void copy_unless_kernel(uint32_t* to, const uint32_t* from, int64_t words,
                                   const uint32_t* raised) {
  if (*raised) return;
  for_each(words, [&](int64_t i) { to[i] = from[i]; });
}

__global__ void report_kernel(double* out, const double* loss, const uint32_t* raised) {
  out[0] = *loss;
  out[1] = *raised ? 1 : 0;
}

constexpr Grid single{dim3(1), dim3(1)};

}  // namespace

void report(double* out, const double* loss, const Flag* flag) {
  launch("report", report_kernel, single, out, loss, reinterpret_cast<const uint32_t*>(flag));
}

void count_up(int64_t* number) { launch("count_up", count_up_kernel, single, number); }

void copy_unless(void* to, const void* from, int64_t bytes, const Flag* raised) {
  launch("copy_unless", copy_unless_kernel, grid_of(bytes / 4), static_cast<uint32_t*>(to),
         static_cast<const uint32_t*>(from), bytes / 4, reinterpret_cast<const uint32_t*>(raised));
}

void fill(void* to, CudaLayout layout, int64_t item, uint64_t bits) {
  if (item == 8) fill_with<uint64_t>(to, layout, bits);
  else if (item == 4) fill_with<uint32_t>(to, layout, bits);
  else if (item == 2) fill_with<uint16_t>(to, layout, bits);
  else fill_with<uint8_t>(to, layout, bits);
}

namespace {

template <class To, class From> void convert_to(void* to, const void* from, const CudaLayout& layout) {
  launch("convert", convert_kernel<To, From>, grid_of(layout.count), static_cast<To*>(to),
         static_cast<const From*>(from), layout);
}

bool contiguous(const CudaLayout& layout) {
  int64_t step = 1;
  for (int axis = layout.rank - 1; axis >= 0; axis--) {
    const bool in_place = layout.to[axis] == step && layout.from[axis] == step;
    if (layout.size[axis] != 1 && !in_place) return false;
    step *= layout.size[axis];
  }
  return true;
}

template <class To, class From> void round_to(void* to_, const void* from_, const CudaLayout& layout) {
  auto* to = static_cast<To*>(to_);
  const auto* from = static_cast<const From*>(from_);
  if (!contiguous(layout)) return convert_to<To, From>(to, from, layout);
  with_packs<bfloat16>(aligned(to, from), [&]<int V>() {
    launch("round", round_kernel<V, To, From>, grid_of(layout.count / V), to, from, layout.count);
  });
}

}  // namespace

void convert(void* to, DType to_type, const void* from, DType from_type, CudaLayout layout) {
  if (to_type == DType::bfloat16 && from_type == DType::bfloat16)
    return convert_to<uint16_t, uint16_t>(to, from, layout);
  if (to_type == DType::bfloat16) return round_to<bfloat16, float>(to, from, layout);
  if (from_type == DType::bfloat16) return round_to<float, bfloat16>(to, from, layout);
  visit_dtype(to_type, [&]<class To>() {
    visit_dtype(from_type, [&]<class From>() { convert_to<To, From>(to, from, layout); });
  });
}

}  // namespace strate::cuda
