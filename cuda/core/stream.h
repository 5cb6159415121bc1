// The one stream that all work is queued on, and the recording of what is queued as a graph.
#pragma once

#include "cuda/core/cuda.h"

namespace strate::cuda {

void make_stream();  // once, when the library is opened
cudaStream_t stream();
void synchronize();

bool capturing();
void begin_capture();
void* end_capture();
void abandon_capture();
void replay(void* recording);
void forget(void* recording);
void spoil(void* recording);

}  // namespace strate::cuda
