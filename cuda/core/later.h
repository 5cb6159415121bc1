// A few bytes on their way to the host: copied to pinned memory when the stream gets there, read when
// somebody needs them. So the host may queue the next steps before it knows the loss of this one.
#pragma once

#include <cstdint>

namespace strate::cuda {

constexpr int64_t most_sent = 16;  // bytes

void* send(const void* from, int64_t bytes);
void receive(void* to, void* sent);
void drop(void* sent);

}  // namespace strate::cuda
