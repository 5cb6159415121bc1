#include "cuda/core/check.h"

#include <cstring>
#include <string>

namespace strate::cuda {

const CudaHost* host = nullptr;

void fail(cudaError_t status, const char* what, const char* file, int line) {
  const char* slash = std::strrchr(file, '/');
  const std::string text = std::string("[cuda] ") + what + ": " + cudaGetErrorString(status) + " (" +
                           cudaGetErrorName(status) + ") at " + (slash ? slash + 1 : file) + ":" +
                           std::to_string(line);
  host->fail_device(text.c_str());
  __builtin_unreachable();
}

}  // namespace strate::cuda
