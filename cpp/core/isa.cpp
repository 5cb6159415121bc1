#include "core/isa.h"

#include <atomic>
#include <cstdlib>

#include "core/check.h"

namespace strate {
namespace {

bool compiled(Isa set) {
  switch (set) {
#ifdef STRATE_HAS_AVX2
    case Isa::avx2:
      return true;
#endif
#ifdef STRATE_HAS_AVX512
    case Isa::avx512:
      return true;
#endif
#ifdef STRATE_HAS_NEON
    case Isa::neon:
      return true;
#endif
    default:
      return set == Isa::baseline;
  }
}

bool processor_has([[maybe_unused]] Isa set) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (set == Isa::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (set == Isa::avx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma");
#endif
  return true;
}

std::string supported_names() {
  std::string names;
  for (Isa set : supported_isas()) names += std::string(names.empty() ? "" : ", ") + isa_name(set);
  return names;
}

Isa chosen() {
  const char* name = std::getenv("STRATE_ISA");
  if (!name || !*name) return supported_isas().back();
  Isa set = isa_of_name(name);
  check(isa_supported(set), "isa", "STRATE_ISA=", name, " is not supported by this ",
        compiled(set) ? "processor" : "build", "; it has ", supported_names());
  return set;
}

std::atomic<int> in_force{-1};

}  // namespace

const char* isa_name(Isa set) {
  constexpr const char* names[isa_count] = {"baseline", "avx2", "avx512", "neon"};
  return names[int(set)];
}

Isa isa_of_name(const std::string& name) {
  for (int i = 0; i < isa_count; i++)
    if (name == isa_name(Isa(i))) return Isa(i);
  fail_value("isa", "an instruction set is baseline, avx2, avx512 or neon; got '", name, "'");
}

bool isa_supported(Isa set) { return compiled(set) && processor_has(set); }

std::vector<Isa> supported_isas() {
  std::vector<Isa> sets;
  for (int i = 0; i < isa_count; i++)
    if (isa_supported(Isa(i))) sets.push_back(Isa(i));
  return sets;
}

Isa isa() {
  int set = in_force.load(std::memory_order_relaxed);
  if (set < 0) in_force.store(set = int(chosen()));
  return Isa(set);
}

void set_isa(Isa set) {
  check(isa_supported(set), "isa", isa_name(set), " is not supported here; this machine has ",
        supported_names());
  in_force.store(int(set));
}

}  // namespace strate
