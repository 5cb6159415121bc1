#include "cuda/core/tensor.h"

#include "cuda/core/launch.h"

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
    else to[p.to] = static_cast<To>(from[p.from]);
  });
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
  else fill_with<uint8_t>(to, layout, bits);
}

void convert(void* to, DType to_type, const void* from, DType from_type, CudaLayout layout) {
  visit_dtype(to_type, [&]<class To>() {
    visit_dtype(from_type, [&]<class From>() {
      launch("convert", convert_kernel<To, From>, grid_of(layout.count), static_cast<To*>(to),
             static_cast<const From*>(from), layout);
    });
  });
}

}  // namespace strate::cuda
