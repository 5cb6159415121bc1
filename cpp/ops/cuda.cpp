#include "ops/cuda.h"

#include <atomic>

#include "core/cuda.h"
#include "ops/cuda_table.h"

namespace strate {

const int64_t cuda_layout = cuda_layout_of_tables();

namespace {

std::atomic<Multiply> chosen{Multiply::tf32};

template <class T> const CudaOps<T>& table() {
  const CudaLibrary& library = cuda_library();
  if constexpr (std::is_same_v<T, double>) return *library.double_ops;
  else if constexpr (std::is_same_v<T, bfloat16>) return *library.bfloat16_ops;
  else return *library.float_ops;
}

}  // namespace

#define STRATE_PART(Part)                                                            \
  template <> const Part<float>& cuda_part<Part<float>>() { return table<float>(); } \
  template <> const Part<double>& cuda_part<Part<double>>() { return table<double>(); }
STRATE_CUDA_PARTS(STRATE_PART)
#define STRATE_BFLOAT16_PART(Part) \
  template <> const Part<bfloat16>& cuda_part<Part<bfloat16>>() { return table<bfloat16>(); }
STRATE_CUDA_BFLOAT16_PARTS(STRATE_BFLOAT16_PART)

Tensor readable(const Tensor& t) {
  if (t.device() == Device::cpu) return t;
  return cuda_runtime().capturing() ? Tensor() : to_device(t, Device::cpu);
}

Multiply multiply() { return chosen.load(std::memory_order_relaxed); }
void set_multiply(Multiply kind) { chosen.store(kind); }

}  // namespace strate
