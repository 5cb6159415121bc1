// Filling and copying in device memory: what a tensor needs besides ops.
#pragma once

#include "core/cuda.h"

namespace strate::cuda {

void copy(void* to, const void* from, int64_t bytes);
void to_device(void* to, const void* from, int64_t bytes);
void to_host(void* to, const void* from, int64_t bytes);
void fill(void* to, CudaLayout, int64_t item, uint64_t bits);
void count_up(int64_t* number);
void copy_unless(void* to, const void* from, int64_t bytes, const Flag* raised);
void report(double* out, const double* loss, const Flag* flag);
void convert(void* to, DType to_type, const void* from, DType from_type, CudaLayout);

}  // namespace strate::cuda
