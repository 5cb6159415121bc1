# Whether CUDA code can be compiled here: enable_language() would end the configuration where it cannot.
include(CheckLanguage)

# Machine code for A100 and H100 and their relatives, and for what comes after them the text that the driver compiles.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 90-virtual)
endif()
if(NOT DEFINED CMAKE_CUDA_HOST_COMPILER AND NOT DEFINED ENV{CUDAHOSTCXX})
  set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
endif()

set(STRATE_CUDA_FLAGS --compress-mode=size)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND STRATE_CUDA_FLAGS -lineinfo)  # names source lines to profilers and sanitizers; a third of the size
endif()

# strate_find_cuda(REASON): empty where nvcc compiles, links and knows our flags, else why not.
function(strate_find_cuda reason)
  set(${reason} "" PARENT_SCOPE)
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    set(${reason} "no working nvcc was found (PATH, CUDACXX and CMAKE_CUDA_COMPILER were asked)" PARENT_SCOPE)
    return()
  endif()
  set(probe ${CMAKE_CURRENT_BINARY_DIR}/probe)
  file(WRITE ${probe}.cu "#include <cuda_runtime.h>\n#include <concepts>\n"
    "__global__ void kernel(int* x) { *x = 1; }\n"
    "extern \"C\" int count() { int n = 0; return cudaGetDeviceCount(&n); }\n")
  set(host "")
  if(CMAKE_CUDA_HOST_COMPILER)
    set(host -ccbin ${CMAKE_CUDA_HOST_COMPILER})
  endif()
  execute_process(
    COMMAND ${CMAKE_CUDA_COMPILER} ${host} -std=c++20 -arch=sm_90 ${STRATE_CUDA_FLAGS} -cudart=static -shared
      -Xcompiler -fPIC -o ${probe}.so ${probe}.cu
    RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    string(STRIP "${text}" text)
    set(${reason} "${CMAKE_CUDA_COMPILER} does not compile C++20 for sm_90 (CUDA 12.8 or later does): ${text}" PARENT_SCOPE)
  endif()
endfunction()
