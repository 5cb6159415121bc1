// Host memory on its way to the device on a second stream, beside the kernels of the first: a batch of data
// while the step before computes. The host writes to pinned memory again only when its copy is done; the
// first stream waits for a copy before it reads it.
#pragma once

#include "core/allocator.h"

namespace strate::cuda {

Storage* allocate_pinned(int64_t bytes);  // host memory; throws MemoryError
void release_pinned();                    // what is not in use

void make_copy_stream();  // once, when the library is opened
void* make_transfer();
void start_transfer(void* transfer, void* to, const void* from, int64_t bytes);  // after what is queued now
void follow_transfer(void* transfer);  // what is queued from now on waits for it
void wait_transfer(void* transfer);    // the host waits for it
void drop_transfer(void* transfer);    // waits for it too

}  // namespace strate::cuda
