// Errors. Each becomes the Python exception of its name; the text is `[op] rule; got name=value`.
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace strate {

struct ValueError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct TypeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct IndexError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};  // RuntimeError in Python
struct MemoryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... Parts> std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail_value(std::string_view op, const Parts&... parts) {
  throw ValueError(text("[", op, "] ", parts...));
}
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail_type(std::string_view op, const Parts&... parts) {
  throw TypeError(text("[", op, "] ", parts...));
}
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail_index(std::string_view op, const Parts&... parts) {
  throw IndexError(text("[", op, "] ", parts...));
}

// The parts are written out only when the condition fails.
template <class... Parts> void check(bool condition, std::string_view op, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail_value(op, parts...);
}

// a * b and a + b of sizes, or an error: no product of sizes may wrap around.
int64_t checked_multiply(int64_t a, int64_t b, std::string_view op);
int64_t checked_add(int64_t a, int64_t b, std::string_view op);

}  // namespace strate
