#include "kernels/dispatch.h"

#include <atomic>
#include <mutex>
#include <set>

#include "core/dtype.h"
#include "core/isa.h"
#include "kernels/member.h"

namespace strate {

#define STRATE_DECLARE(set)              \
  namespace set {                        \
  void fill_table(KernelTable<float>&);  \
  void fill_table(KernelTable<double>&); \
  }
STRATE_DECLARE(baseline)
#ifdef STRATE_HAS_AVX2
STRATE_DECLARE(avx2)
#endif
#ifdef STRATE_HAS_AVX512
STRATE_DECLARE(avx512)
#endif
#ifdef STRATE_HAS_NEON
STRATE_DECLARE(neon)
#endif

namespace {

template <class T> KernelTable<T> table_of(Isa set) {
  KernelTable<T> table;
  switch (set) {
#ifdef STRATE_HAS_AVX2
    case Isa::avx2:
      avx2::fill_table(table);
      break;
#endif
#ifdef STRATE_HAS_AVX512
    case Isa::avx512:
      avx512::fill_table(table);
      break;
#endif
#ifdef STRATE_HAS_NEON
    case Isa::neon:
      neon::fill_table(table);
      break;
#endif
    default:
      baseline::fill_table(table);
  }
  return table;
}

template <class T> struct Tables {
  KernelTable<T> of[isa_count]{};
  Tables() {
    for (int i = 0; i < isa_count; i++)
      if (isa_supported(Isa(i))) of[i] = table_of<T>(Isa(i));
  }
};
template <class T> const Tables<T>& tables() {
  static const Tables<T>& made = *new Tables<T>;
  return made;
}

// ---- tracing: a second table whose entries note their name and call the first one's

std::atomic<bool> tracing{false};
std::mutex noting;
std::set<std::string>& reached() {
  static auto& names = *new std::set<std::string>;
  return names;
}

template <class T> std::string full_name(const char* name) {
  return std::string(name) + " " + dtype_name(dtype_of<T>);
}

template <class T, class Part, class Function> struct Tracer;
template <class T, class Part, class R, class... A> struct Tracer<T, Part, R (*)(A...)> {
  template <R (*Part::*pointer)(A...)> static R call(A... arguments) {
    {
      std::lock_guard guard(noting);
      Part::list([&]<auto p>(const char* name, Member<p>) {
        if constexpr (std::is_same_v<decltype(p), decltype(pointer)>)
          if (p == pointer) reached().insert(full_name<T>(name));
      });
    }
    const Part* part = nullptr;
    for_each_part(tables<T>().of[int(isa())], [&](const auto& candidate) {
      if constexpr (std::is_same_v<std::decay_t<decltype(candidate)>, Part>) part = &candidate;
    });
    return (part->*pointer)(arguments...);
  }
};

template <class T> const KernelTable<T>& traced_table() {
  static const KernelTable<T>& table = *[] {
    auto* made = new KernelTable<T>;
    for_each_part(*made, [](auto& part) {
      using Part = std::decay_t<decltype(part)>;
      Part::list([&]<auto pointer>(const char*, Member<pointer>) {
        using Function = std::decay_t<decltype(part.*pointer)>;
        part.*pointer = Tracer<T, Part, Function>::template call<pointer>;
      });
    });
    return made;
  }();
  return table;
}

template <class T> void append_names(std::vector<std::string>& names) {
  for_each_part(tables<T>().of[int(isa())], [&](const auto& part) {
    using Part = std::decay_t<decltype(part)>;
    Part::list([&]<auto pointer>(const char* name, Member<pointer>) { names.push_back(full_name<T>(name)); });
  });
}

}  // namespace

template <class T> const KernelTable<T>& kernels() {
  if (tracing.load(std::memory_order_relaxed)) [[unlikely]]
    return traced_table<T>();
  return tables<T>().of[int(isa())];
}
template const KernelTable<float>& kernels<float>();
template const KernelTable<double>& kernels<double>();

void trace_kernels(bool on) {
  std::lock_guard guard(noting);
  reached().clear();
  tracing.store(on);
}

std::vector<std::string> kernels_reached() {
  std::lock_guard guard(noting);
  return {reached().begin(), reached().end()};
}

std::vector<std::string> kernel_names() {
  std::vector<std::string> names;
  append_names<float>(names);
  append_names<double>(names);
  return names;
}

}  // namespace strate
