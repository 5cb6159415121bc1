#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>

#include "sanitizers.h"

namespace executor {

namespace {
// Sanitizers make frames several times as large.
constexpr size_t stack_bytes = (address_sanitizer || thread_sanitizer ? 320 : 192) << 10;
constexpr size_t guard_bytes = 4096;
// Stacks begin at places that spread over the sets of a cache.
constexpr size_t stagger = 13 * 64, staggered = 64 << 10;

[[maybe_unused]] thread_local Fiber* left = nullptr;
}  // namespace

#if defined(__x86_64__) && !defined(EXECUTOR_UCONTEXT)
// Callee-saved registers go to the old stack and come from the new one.
extern "C" void executor_switch_stacks(void** save, void* to);
asm(R"(
.text
.p2align 4
.type executor_switch_stacks,@function
executor_switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size executor_switch_stacks, .-executor_switch_stacks
)");
#endif

Fiber::Fiber(void (*entry)(), unsigned number) : bytes_(stack_bytes), number_(number), entry_(entry) {
  void* memory =
      mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  base_ = static_cast<char*>(memory);
  mprotect(base_, guard_bytes, PROT_NONE);
  restart();
}

Fiber::~Fiber() {
  if (!base_ || !entry_) return;
#if defined(EXECUTOR_TSAN)
  __tsan_destroy_fiber(tsan_);
#endif
  allow(base_, bytes_);
  munmap(base_, bytes_);
}

void Fiber::restart() {
  allow(base_ + guard_bytes, bytes_ - guard_bytes);
#if defined(EXECUTOR_TSAN)
  if (tsan_) __tsan_destroy_fiber(tsan_);
  tsan_ = __tsan_create_fiber(0);
#endif
  const size_t usable = bytes_ - number_ * stagger % staggered;
#if defined(__x86_64__) && !defined(EXECUTOR_UCONTEXT)
  // Six registers, the address to return to, and one word so that the entry finds its stack aligned.
  constexpr int words = 8, return_address = 6;
  void** top = reinterpret_cast<void**>(base_ + usable) - words;
  memset(top, 0, words * sizeof(void*));
  top[return_address] = reinterpret_cast<void*>(entry_);
  stack_pointer_ = top;
#else
  getcontext(&context_);
  context_.uc_stack.ss_sp = base_;
  context_.uc_stack.ss_size = usable;
  context_.uc_link = nullptr;
  makecontext(&context_, entry_, 0);
#endif
}

void Fiber::adopt_current() {
#if defined(EXECUTOR_TSAN)
  tsan_ = __tsan_get_current_fiber();
#endif
}

void switch_fiber(Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  left = &from;
  __sanitizer_start_switch_fiber(&fake_stack, to.base_, to.bytes_);
#endif
#if defined(EXECUTOR_TSAN)
  constexpr unsigned orders_nothing = 1;
  __tsan_switch_to_fiber(to.tsan_, orders_nothing);
#endif
#if defined(__x86_64__) && !defined(EXECUTOR_UCONTEXT)
  executor_switch_stacks(&from.stack_pointer_, to.stack_pointer_);
#else
  swapcontext(&from.context_, &to.context_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  const void* base = nullptr;
  size_t bytes = 0;
  __sanitizer_finish_switch_fiber(fake_stack, &base, &bytes);
#endif
}

void finish_switch() {
#if defined(__SANITIZE_ADDRESS__)
  // The thread's own stack is the first that is left, and this is how its bounds become known.
  const void* base = nullptr;
  size_t bytes = 0;
  __sanitizer_finish_switch_fiber(nullptr, &base, &bytes);
  left->base_ = static_cast<char*>(const_cast<void*>(base));
  left->bytes_ = bytes;
#endif
}

}  // namespace executor
