// CUDA on the CPU, for tests: what <cuda_runtime.h> is to nvcc. Every CUDA thread is a fiber that runs until
// it reaches a barrier or a warp-wide operation; streams are lazy. The library's .cu files see it through
// cuda/core/cuda.h.
#pragma once

#include "language.h"
//
#include "hooks.h"
//
#include "intrinsics.h"
#include "launch.h"
#include "runtime.h"
