#include "settings.h"

#include <cstdlib>
#include <cstring>

namespace executor {

namespace {
bool read_number(const char* text, unsigned long long& value) {
  char* end = nullptr;
  if (*text < '0' || *text > '9') return false;
  value = strtoull(text, &end, 10);
  return *end == 0;
}

std::string rule(const char* name, const char* values, const char* got) {
  return std::string("[executor] ") + name + " is " + values + "; got " + got;
}

void read_order(Settings& settings, std::string& error) {
  const char* text = getenv("STRATE_EXECUTOR_ORDER");
  unsigned long long seed = settings.seed;
  if (!text || !*text || !strcmp(text, "forward")) return;
  if (!strcmp(text, "reverse")) settings.order = Order::reverse;
  else if (!strcmp(text, "random") || (!strncmp(text, "random:", 7) && read_number(text + 7, seed)))
    settings.order = Order::random, settings.seed = unsigned(seed);
  else error = rule("STRATE_EXECUTOR_ORDER", "forward, reverse, random or random:seed", text);
}
}  // namespace

Settings read_settings(std::string& error) {
  Settings settings;
  read_order(settings, error);
  if (const char* text = getenv("STRATE_EXECUTOR_WORKERS")) {
    unsigned long long workers = 0;
    if (read_number(text, workers) && workers >= 1 && workers <= 64) settings.workers = unsigned(workers);
    else error = rule("STRATE_EXECUTOR_WORKERS", "1 to 64", text);
  }
  const char* streams = getenv("STRATE_EXECUTOR_STREAMS");
  if (streams && strcmp(streams, "late") && strcmp(streams, "early"))
    error = rule("STRATE_EXECUTOR_STREAMS", "late or early", streams);
  return settings;
}

size_t device_memory_bytes() {
  unsigned long long bytes = 8ull << 30;
  const char* text = getenv("STRATE_EXECUTOR_MEMORY");
  if (text && *text && !read_number(text, bytes)) return 0;
  return bytes;
}

int device_count() {
  const char* text = getenv("STRATE_EXECUTOR_DEVICES");
  return text && !strcmp(text, "0") ? 0 : 1;
}

bool streams_are_early() {
  const char* text = getenv("STRATE_EXECUTOR_STREAMS");
  return text && !strcmp(text, "early");
}

}  // namespace executor
