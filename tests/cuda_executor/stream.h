// Streams hold their work until something waits for it, so that a missing wait shows. A capturing stream puts
// its work into a graph instead.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "error.h"

namespace executor {

using Work = std::function<void()>;

struct Graph {
  std::vector<Work> work;
};

// How much of each stream's captured work comes before a place in a stream.
using Seen = std::map<const Stream*, size_t>;

struct Capture {
  Stream* origin;
  cudaStreamCaptureMode mode;
  std::unique_ptr<Graph> graph;
  std::map<Stream*, size_t> streams;  // that take part, with the number of works of each
  bool invalid = false;
};

// One recording of an event: a place in a stream's work.
struct Mark {
  Stream* stream;
  bool passed = false;
  std::chrono::steady_clock::time_point time{};
  std::shared_ptr<Capture> capture{};
  Seen seen{};
};

struct Stream {
  bool blocking;  // orders itself with the legacy default stream
  std::deque<Work> queue{};
  std::shared_ptr<Capture> capture{};
  Seen seen{};
};

struct Event {
  unsigned flags;
  std::shared_ptr<Mark> mark;
};

// The stream of a handle: null is the legacy default stream. Null: no such stream.
Stream* find_stream(cudaStream_t);

// Queues work, or captures it.
cudaError_t enqueue(cudaStream_t, Work);

void run_all(Stream&);
void run_everything();
void discard_everything();

// Marks the capture of any stream that does not allow such a call as invalid.
cudaError_t reject_in_capture();

}  // namespace executor
