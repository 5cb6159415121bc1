#include "cuda/core/launch.h"

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace strate::cuda {
namespace {

std::atomic<bool> tracing{false};
std::mutex noting;
std::set<std::pair<std::string, const void*>> noted;
std::string listed;

}  // namespace

void note(const char* name, const void* kernel) {
  if (!tracing.load(std::memory_order_relaxed)) return;
  std::lock_guard guard(noting);
  noted.emplace(name, kernel);
}

void trace(bool on) {
  std::lock_guard guard(noting);
  noted.clear();
  tracing = on;
}

const char* launched() {
  std::lock_guard guard(noting);
  listed.clear();
  for (const auto& [name, kernel] : noted)
    listed += name + " " + std::to_string(reinterpret_cast<uintptr_t>(kernel)) + "\n";
  return listed.c_str();
}

void fail_launch(cudaError_t status, const char* name, const Grid& grid) {
  cudaGetLastError();
  const auto size = [](dim3 d) {
    return std::to_string(d.x) + "x" + std::to_string(d.y) + "x" + std::to_string(d.z);
  };
  const std::string text = std::string("[cuda] the kernel ") + name +
                           " did not start: " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) +
                           "); " + size(grid.blocks) + " blocks of " + size(grid.threads) + " threads, " +
                           std::to_string(grid.shared) + " bytes of shared memory";
  host->fail_device(text.c_str());
  __builtin_unreachable();
}

}  // namespace strate::cuda
