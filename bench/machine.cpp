#include "machine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <vector>

#include "core/isa.h"
#include "core/parallel.h"
#include "core/tensor.h"

namespace strate::bench {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Independent chains of multiply-adds in registers: enough of them to cover the latency of each.
constexpr int chains = 10;
constexpr int64_t turns = 4'000'000;

#define STRATE_PEAK(name, bytes, attribute)                 \
  attribute double name() {                                 \
    typedef float V __attribute__((vector_size(bytes)));    \
    V sum[chains] = {}, a = V{} + 0.999f, b = V{} + 0.001f; \
    for (int64_t i = 0; i < turns; i++)                     \
      for (int c = 0; c < chains; c++) {                    \
        sum[c] = sum[c] * a + b;                            \
        asm volatile("" : "+x"(sum[c]));                    \
      }                                                     \
    return 2.0 * turns * chains * (bytes / sizeof(float));  \
  }

#if defined(__x86_64__)
STRATE_PEAK(peak_avx512, 64, __attribute__((target("avx512f,fma"), optimize("O3"))))
STRATE_PEAK(peak_avx2, 32, __attribute__((target("avx2,fma"), optimize("O3"))))
#endif
#undef STRATE_PEAK

double peak_baseline() {
  typedef float V __attribute__((vector_size(16)));
  V sum[chains] = {}, a = V{} + 0.999f, b = V{} + 0.001f;
  for (int64_t i = 0; i < turns; i++)
    for (int c = 0; c < chains; c++) {
      sum[c] = sum[c] * a + b;
#if defined(__x86_64__)
      asm volatile("" : "+x"(sum[c]));
#else
      asm volatile("" : "+w"(sum[c]));
#endif
    }
  return 2.0 * turns * chains * 4;
}

double one_thread() {
#if defined(__x86_64__)
  if (isa() == Isa::avx512) return peak_avx512();
  if (isa() == Isa::avx2) return peak_avx2();
#endif
  return peak_baseline();
}

// The best of several tries: a peak is what the machine can do, not what it did while others used it.
template <class F> double best(int tries, F&& rate) {
  double top = 0;
  for (int i = 0; i < tries; i++) top = std::max(top, rate());
  return top;
}

// "AMD EPYC" of "model name : AMD EPYC"; empty where the line is not of this key.
std::string value_of(const std::string& line, const std::string& key) {
  const size_t colon = line.find(':');
  if (colon == std::string::npos || line.compare(0, key.size(), key) != 0) return "";
  if (line.find_last_not_of(" \t:", colon) + 1 != key.size()) return "";
  const size_t start = line.find_first_not_of(' ', colon + 1);
  return start == std::string::npos ? "" : line.substr(start);
}

}  // namespace

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string name, family, model;
  for (std::string line; std::getline(file, line) && !line.empty();) {  // the first processor's block
    if (name.empty()) name = value_of(line, "model name");
    if (family.empty()) family = value_of(line, "cpu family");
    if (model.empty()) model = value_of(line, "model");
  }
  return family.empty() ? name : name + " (family " + family + ", model " + model + ")";
}

double peak_gflops() {
  static double peak = best(8, [] {
    int threads = num_threads();
    std::vector<double> done(threads, 0.0);
    auto start = std::chrono::steady_clock::now();
    parallel_for(threads, 1e9, [&](int64_t task, int) { done[task] = one_thread(); });
    double elapsed = seconds_since(start);
    return std::accumulate(done.begin(), done.end(), 0.0) / elapsed / 1e9;
  });
  return peak;
}

Copies copy_gigabytes() {
  constexpr int tries = 9;
  constexpr int64_t bytes = 256 << 20, piece = 1 << 20;
  static const Tensor from = zeros({bytes}, DType::uint8), to = zeros({bytes}, DType::uint8);
  std::array<double, tries> rates;
  for (double& rate : rates) {
    auto start = std::chrono::steady_clock::now();
    parallel_ranges(bytes, piece, 1e9, [&](int64_t begin, int64_t end) {
      __builtin_memcpy(to.data<char>() + begin, from.data<char>() + begin, size_t(end - begin));
    });
    rate = 2.0 * bytes / seconds_since(start) / 1e9;
  }
  std::sort(rates.begin(), rates.end());
  return {rates[tries / 2], rates.back()};
}

}  // namespace strate::bench
