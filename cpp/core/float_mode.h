// The floating-point mode of a thread (rounding, flush to zero): workers take the caller's.
#pragma once

#include <cstdint>

namespace strate {

inline uint64_t float_mode() {
#if defined(__x86_64__)
  return __builtin_ia32_stmxcsr();
#elif defined(__aarch64__)
  uint64_t mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
#else
  return 0;
#endif
}

inline void set_float_mode([[maybe_unused]] uint64_t mode) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(uint32_t(mode));
#elif defined(__aarch64__)
  asm volatile("msr fpcr, %0" : : "r"(mode));
#endif
}

// While it lives, numbers too small to be normal count as zero on this thread. What shrinks a little in every
// step, as the velocity of a weight that learns no more, ends as such a number, and stays one: on many
// processors a hundred times slower than any other.
class TinyIsZero {
 public:
  TinyIsZero() : before_(float_mode()) {
#if defined(__x86_64__)
    set_float_mode(before_ | 0x8040);  // flush to zero, denormals are zeros
#elif defined(__aarch64__)
    set_float_mode(before_ | uint64_t(1) << 24);  // flush to zero
#endif
  }
  ~TinyIsZero() { set_float_mode(before_); }
  TinyIsZero(const TinyIsZero&) = delete;
  TinyIsZero& operator=(const TinyIsZero&) = delete;

 private:
  uint64_t before_;
};

}  // namespace strate
