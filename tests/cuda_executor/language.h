// CUDA's keywords and vector types for a plain C++ compiler. There is no __shared__: static shared memory is
// spelled STRATE_SHARED, so that it gets its poison and red zones.
#pragma once

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(n) alignas(n)

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// Alignments are the device's: a vector load from a less aligned address is an error there, and UBSan's here.
#define EXECUTOR_VECTOR2(Name, T, alignment) \
  struct alignas(alignment) Name {           \
    T x, y;                                  \
  };                                         \
  inline constexpr Name make_##Name(T x, T y) { return {x, y}; }
#define EXECUTOR_VECTOR3(Name, T) \
  struct Name {                   \
    T x, y, z;                    \
  };                              \
  inline constexpr Name make_##Name(T x, T y, T z) { return {x, y, z}; }
#define EXECUTOR_VECTOR4(Name, T, alignment) \
  struct alignas(alignment) Name {           \
    T x, y, z, w;                            \
  };                                         \
  inline constexpr Name make_##Name(T x, T y, T z, T w) { return {x, y, z, w}; }

EXECUTOR_VECTOR2(float2, float, 8)
EXECUTOR_VECTOR3(float3, float)
EXECUTOR_VECTOR4(float4, float, 16)
EXECUTOR_VECTOR2(double2, double, 16)
EXECUTOR_VECTOR2(int2, int, 8)
EXECUTOR_VECTOR3(int3, int)
EXECUTOR_VECTOR4(int4, int, 16)
EXECUTOR_VECTOR2(uint2, unsigned, 8)
EXECUTOR_VECTOR4(uint4, unsigned, 16)
EXECUTOR_VECTOR4(uchar4, unsigned char, 4)
EXECUTOR_VECTOR2(longlong2, long long, 16)
EXECUTOR_VECTOR2(ushort2, unsigned short, 4)
EXECUTOR_VECTOR4(ushort4, unsigned short, 8)

inline constexpr uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }

#undef EXECUTOR_VECTOR2
#undef EXECUTOR_VECTOR3
#undef EXECUTOR_VECTOR4
