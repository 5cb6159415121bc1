// A member of a table of kernels as a compile-time value, so that a tracer can wrap each one.
#pragma once

namespace strate {

template <auto Pointer> struct Member {};
template <auto Pointer> constexpr Member<Pointer> member{};

}  // namespace strate
