// test_executor NAME: runs one scenario; 0: nothing wrong was found, 1: something was, and it is printed.
// test_executor --list: the names, one a line.

#include <cstring>

#include "scenarios.h"

int main(int count, char** arguments) {
  using namespace scenario;
  const char* wanted = count == 2 ? arguments[1] : "";
  for (const auto* group : {&planted_in_blocks, &planted_in_memory, &planted_in_streams, &correct_blocks,
                            &correct_products, &correct_streams, &speeds})
    for (const Scenario& scenario : *group) {
      if (!strcmp(wanted, "--list")) printf("%s\n", scenario.name);
      if (strcmp(wanted, scenario.name)) continue;
      const std::string found = scenario.run();
      printf("%s\n", found.empty() ? "nothing found" : ("found: " + found).c_str());
      return !found.empty();
    }
  return strcmp(wanted, "--list") ? 2 : 0;
}
