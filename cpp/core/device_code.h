// STRATE_DEVICE marks a function that a GPU's kernels call as well: one formula for both devices.
#pragma once

#if defined(__CUDACC__)
#define STRATE_DEVICE __host__ __device__
#else
#define STRATE_DEVICE
#endif
