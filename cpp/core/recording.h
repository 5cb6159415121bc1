// A recording: the kernels that a piece of work ran on the CPU, to be run again on the same memory. What
// Python and the checks of the ops cost is paid once; on a GPU a graph does the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace strate {

struct Arena;
struct Storage;

// A kernel's arguments as they are kept: a list of plain values.
template <class... P> struct Arguments {};
template <class P, class... Rest> struct Arguments<P, Rest...> {
  P first;
  Arguments<Rest...> rest;
};

inline Arguments<> packed() { return {}; }
template <class P, class... Rest> Arguments<P, Rest...> packed(P first, Rest... rest) {
  return {first, packed(rest...)};
}

template <class F, class... Done> void call(F function, const Arguments<>&, Done... done) {
  function(done...);
}
template <class F, class P, class... Rest, class... Done>
void call(F function, const Arguments<P, Rest...>& left, Done... done) {
  call(function, left.rest, done..., left.first);
}

class Recording {
 public:
  Recording();  // of this thread, from now on; throws where one is under way
  ~Recording();
  Recording(const Recording&) = delete;
  static Recording* current();  // of this thread, or null
  // Python reads or provides values of a tensor, and may compute others next time: no replay would.
  static void notice_host();

  void end();
  void replay() const;
  void spoil() const;      // overwrites all memory that nobody has, to find kernels that rely on it
  bool whole() const;      // whether kernels did all the work
  int64_t calls() const;   // of kernels
  int64_t bytes() const;   // of the memory that it keeps
  double seconds() const;  // from its begin to its end

  // Memory of others that its kernels use lives as long as it does.
  void keep(Storage*);

  template <class... P> void add(void (*function)(P...), const Arguments<P...>& arguments) {
    using Packed = Arguments<P...>;
    static_assert(std::is_trivially_copyable_v<Packed> && alignof(Packed) <= alignof(std::max_align_t));
    auto run = [](void (*f)(), const void* kept) {
      call(reinterpret_cast<void (*)(P...)>(f), *static_cast<const Packed*>(kept));
    };
    add({run, reinterpret_cast<void (*)()>(function), 0}, &arguments, sizeof(Packed));
  }

 private:
  struct Call {
    void (*run)(void (*function)(), const void* arguments);
    void (*function)();
    size_t arguments;  // where they begin
  };
  struct alignas(std::max_align_t) Unit {
    std::byte bytes[alignof(std::max_align_t)];
  };

  void add(Call, const void* arguments, size_t size);

  std::vector<Call> calls_;
  std::vector<Unit> arguments_;
  std::vector<Storage*> kept_;
  Arena* arena_;
  bool whole_ = true;
  int64_t bytes_ = 0;
  double seconds_ = 0;
};

}  // namespace strate
