// Device memory from a cache: all work is on one stream, so a block may be used again as soon as its last
// tensor is gone, whether or not the kernels that read it have run. While a step is recorded, blocks come
// from and go back to an arena, which the recording keeps: nobody else writes there between two replays.
#pragma once

#include "core/allocator.h"

namespace strate::cuda {

Storage* allocate(int64_t bytes);  // throws MemoryError: how much was asked, held, in use and free
MemoryUse memory_use();
void memory_left(int64_t* free, int64_t* total);
void reset_peak();
void release_memory();

struct Arena;
void open_arena();
Arena* close_arena();
void release_arena(Arena*);  // its unused blocks return to the cache, the others when their tensors go
void spoil_free(Arena*);     // unused blocks of both hold ones, so that whoever reads them still is found out

Flag* flag(Storage*);
bool take_flag(Flag*);

}  // namespace strate::cuda
