// A launch: its limits are checked at the call, its blocks run when its stream does.

#include <atomic>
#include <map>
#include <numeric>
#include <thread>
#include <vector>

#include "block.h"
#include "stream.h"

namespace executor {

namespace {
std::map<const void*, size_t>& dynamic_limits() {
  static std::map<const void*, size_t> limits;
  return limits;
}

std::string limit(const char* rule, size_t got, const Site& site) {
  return std::string("[executor] ") + rule + "; got " + std::to_string(got) + ", launched at " +
         site.file_name() + ":" + std::to_string(site.line());
}

cudaError_t check(const Launch& launch) {
  const dim3 grid = launch.grid, block = launch.block;
  const size_t threads = size_t(block.x) * block.y * block.z;
  if (threads < 1 || threads > max_threads || block.z > 64)
    return raise(cudaErrorInvalidConfiguration, limit("a block has 1 to 1024 threads", threads, launch.site));
  if (!grid.x || !grid.y || !grid.z || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535)
    return raise(cudaErrorInvalidConfiguration,
                 limit("a grid has at least one block, at most 65535 in y and z",
                       size_t(grid.x) * grid.y * grid.z, launch.site));
  auto own = dynamic_limits().find(launch.kernel);
  const size_t most = own == dynamic_limits().end() ? SharedMemory::static_limit : own->second;
  if (launch.shared > most)
    return raise(cudaErrorInvalidValue,
                 limit("dynamic shared memory is at most 48 KB, or what cudaFuncSetAttribute allowed",
                       launch.shared, launch.site));
  return cudaSuccess;
}

// The block to run as number i: a permutation in every order.
uint64_t block_at(uint64_t i, uint64_t blocks, const Settings& settings) {
  if (settings.order == Order::forward) return i;
  if (settings.order == Order::reverse) return blocks - 1 - i;
  uint64_t step = (settings.seed * 7919u + 1) % blocks;
  while (std::gcd(step, blocks) != 1) step++;
  return (i * step + settings.seed) % blocks;
}

void run_blocks(const Launch& launch, const Settings& settings, unsigned worker,
                std::atomic<uint64_t>& next) {
  const dim3 grid = launch.grid;
  const uint64_t blocks = uint64_t(grid.x) * grid.y * grid.z;
  Block& block = this_block();
  block.begin(launch, settings, worker);
  for (uint64_t i; (i = next++) < blocks && !failed();) {
    const uint64_t k = block_at(i, blocks, settings);
    const std::string error =
        block.run({unsigned(k % grid.x), unsigned(k / grid.x % grid.y), unsigned(k / grid.x / grid.y)});
    if (!error.empty()) raise_sticky(error);
  }
  block.end();
}

void run_grid(const Launch& launch, const Settings& settings) {
  std::atomic<uint64_t> next{0};
  if (settings.workers == 1) return run_blocks(launch, settings, 0, next);
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < settings.workers; i++)
    workers.emplace_back([&, i] { run_blocks(launch, settings, i, next); });
  for (std::thread& worker : workers) worker.join();
}
}  // namespace

cudaError_t launch(Launch launch, cudaStream_t stream) {
  EXECUTOR_CALL();
  if (const cudaError_t error = check(launch); error != cudaSuccess) return error;
  std::string wrong;
  const Settings settings = read_settings(wrong);
  if (!wrong.empty()) return raise(cudaErrorInvalidValue, wrong);
  return enqueue(stream, [launch = std::move(launch), settings] { run_grid(launch, settings); });
}

cudaError_t set_dynamic_shared_limit(const void* kernel, int bytes) {
  EXECUTOR_CALL();
  if (bytes < 0 || size_t(bytes) > SharedMemory::dynamic_limit)
    return raise(cudaErrorInvalidValue, "[executor] dynamic shared memory is at most 227 KB");
  dynamic_limits()[kernel] = size_t(bytes);
  return cudaSuccess;
}

}  // namespace executor
