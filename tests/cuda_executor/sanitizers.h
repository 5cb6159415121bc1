// What the sanitizers must be told, and nothing where there is none. EXECUTOR_TSAN is defined where the
// kernels are built with -fsanitize=thread: the executor itself never is, or its own bookkeeping between
// fibers would be reported and would order the kernels' accesses.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(EXECUTOR_TSAN)
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned);
void __tsan_destroy_fiber(void*);
void __tsan_switch_to_fiber(void*, unsigned);
void __tsan_read_range(void*, size_t);
void __tsan_write_range(void*, size_t);
void __tsan_acquire(void*);
void __tsan_release(void*);
void __tsan_ignore_thread_begin();
void __tsan_ignore_thread_end();
}
#endif

namespace executor {

#if defined(EXECUTOR_TSAN)
constexpr bool thread_sanitizer = true;
inline void reads(const void* p, size_t bytes) { __tsan_read_range(const_cast<void*>(p), bytes); }
inline void writes(void* p, size_t bytes) { __tsan_write_range(p, bytes); }
inline void acquire(void* sync) { __tsan_acquire(sync); }
inline void release(void* sync) { __tsan_release(sync); }
// What memcpy, memset and malloc do while this lives is the executor's bookkeeping, no access of a kernel.
struct Unseen {
  Unseen() { __tsan_ignore_thread_begin(); }
  ~Unseen() { __tsan_ignore_thread_end(); }
};
#else
constexpr bool thread_sanitizer = false;
inline void reads(const void*, size_t) {}
inline void writes(void*, size_t) {}
inline void acquire(void*) {}
inline void release(void*) {}
struct Unseen {
  Unseen() {}
};
#endif

#if defined(__SANITIZE_ADDRESS__)
constexpr bool address_sanitizer = true;
inline void forbid(const void* p, size_t bytes) { __asan_poison_memory_region(p, bytes); }
inline void allow(const void* p, size_t bytes) { __asan_unpoison_memory_region(p, bytes); }
#else
constexpr bool address_sanitizer = false;
inline void forbid(const void*, size_t) {}
inline void allow(const void*, size_t) {}
#endif

}  // namespace executor
