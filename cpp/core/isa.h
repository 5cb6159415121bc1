// The instruction set in force: the best one that this processor has, or the one that STRATE_ISA names.
// Chosen at first use; an unknown or unsupported name is an error, never a silent fallback.
#pragma once

#include <string>
#include <vector>

namespace strate {

enum class Isa : int { baseline, avx2, avx512, neon };
constexpr int isa_count = 4;

const char* isa_name(Isa);
Isa isa_of_name(const std::string& name);  // throws a ValueError that lists the names
bool isa_supported(Isa);                   // compiled in, and this processor has it
std::vector<Isa> supported_isas();         // worst first

Isa isa();          // in force
void set_isa(Isa);  // throws where the processor or the build lacks it

}  // namespace strate
