// Google Benchmark's main, with what the machine can do written beside the results: `context` of the JSON
// then holds the instruction set and the threads in force, the peak and the bandwidth of a copy.
#include <benchmark/benchmark.h>

#include <sstream>
#include <string>

#include "core/isa.h"
#include "core/parallel.h"
#include "machine.h"

namespace {

std::string three_digits(double number) {
  std::ostringstream out;
  out.precision(number < 1000 ? 3 : 4);
  out << number;
  return out.str();
}

void describe_machine() {
  using namespace strate;
  benchmark::AddCustomContext("processor", bench::processor());
  benchmark::AddCustomContext("isa", isa_name(isa()));
  benchmark::AddCustomContext("threads", std::to_string(num_threads()));
  benchmark::AddCustomContext("peak_gflops", three_digits(bench::peak_gflops()));
  benchmark::AddCustomContext("copy_gigabytes_per_second", three_digits(bench::copy_gigabytes().best));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  describe_machine();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
