// Faults of the host: what it does not wait for.

#include "scenarios.h"
//
#include "kernels.h"

namespace scenario {

namespace {

constexpr int n = 64;

__global__ void set_to(float value, float* y) { y[threadIdx.x] = value; }
__global__ void add(const float* x, float* y) { y[threadIdx.x] += x[threadIdx.x]; }

cudaStream_t new_stream() {
  cudaStream_t stream;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  return stream;
}

std::string run_no_synchronise() {
  cudaStream_t stream = new_stream();
  Buffer<float> y(n, stream);
  std::vector<float> host(n, 0.0f);
  launch_kernel(set_to, 1, n, 0, stream, 1.0f, y.p);
  cudaMemcpyAsync(host.data(), y.p, n * sizeof(float), cudaMemcpyDeviceToHost, stream);
  const std::string found = compare(host, std::vector<float>(n, 1.0f), 0);
  cudaStreamDestroy(stream);
  return found;
}

// The host's memory is gone when the copy into it is carried out.
std::string run_freed_destination() {
  cudaStream_t stream = new_stream();
  Buffer<float> y(n, stream);
  launch_kernel(set_to, 1, n, 0, stream, 1.0f, y.p);
  {
    std::vector<float> host(n);
    cudaMemcpyAsync(host.data(), y.p, n * sizeof(float), cudaMemcpyDeviceToHost, stream);
  }
  cudaStreamDestroy(stream);
  return {};
}

std::string run_host_reads_device() {
  Buffer<float> y(n);
  launch_kernel(set_to, 1, n, 0, nullptr, 1.0f, y.p);
  cudaDeviceSynchronize();
  return compare({*static_cast<volatile float*>(y.p)}, {1.0f}, 0);
}

// Pinned memory is read when the stream comes to it.
std::string run_pinned_overwritten() {
  cudaStream_t stream = new_stream();
  Buffer<float> y(n, stream);
  float* host;
  cudaMallocHost(&host, n * sizeof(float));
  for (int i = 0; i < n; i++) host[i] = 1;
  cudaMemcpyAsync(y.p, host, n * sizeof(float), cudaMemcpyHostToDevice, stream);
  for (int i = 0; i < n; i++) host[i] = 2;
  const std::string found = compare(y.read(), std::vector<float>(n, 1.0f), 0);
  cudaFreeHost(host);
  cudaStreamDestroy(stream);
  return found;
}

std::string run_missing_event() {
  cudaStream_t first = new_stream(), second = new_stream();
  Buffer<float> x(n, first), y(std::vector<float>(n, 1.0f), second);
  launch_kernel(set_to, 1, n, 0, first, 2.0f, x.p);
  launch_kernel(add, 1, n, 0, second, x.p, y.p);
  const std::string found = compare(y.read(), std::vector<float>(n, 3.0f), 0);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
  return found;
}

// A copy into memory that a kernel in another stream has still to read.
std::string run_overwritten_too_early() {
  cudaStream_t first = new_stream(), second = new_stream();
  Buffer<float> x(std::vector<float>(n, 1.0f), first), y(std::vector<float>(n, 1.0f), first);
  const std::vector<float> next(n, 5.0f);
  cudaStreamSynchronize(first);
  launch_kernel(add, 1, n, 0, first, x.p, y.p);
  cudaMemcpyAsync(x.p, next.data(), n * sizeof(float), cudaMemcpyHostToDevice, second);
  const std::string found = compare(y.read(), std::vector<float>(n, 2.0f), 0);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
  return found;
}

std::string run_unjoined_capture() {
  cudaStream_t first = new_stream(), second = new_stream();
  Buffer<float> y(n);
  cudaEvent_t fork;
  cudaEventCreateWithFlags(&fork, cudaEventDisableTiming);
  cudaGraph_t graph;
  cudaStreamBeginCapture(first, cudaStreamCaptureModeRelaxed);
  cudaEventRecord(fork, first);
  cudaStreamWaitEvent(second, fork);
  launch_kernel(set_to, 1, n, 0, second, 2.0f, y.p);
  cudaStreamEndCapture(first, &graph);
  cudaEventDestroy(fork);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
  return compare({}, {}, 0);
}

std::string run_synchronise_in_capture() {
  cudaStream_t stream = new_stream();
  cudaGraph_t graph;
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed);
  cudaStreamSynchronize(stream);
  const std::string found = compare({}, {}, 0);
  const bool ended = cudaStreamEndCapture(stream, &graph) == cudaSuccess;
  cudaStreamDestroy(stream);
  return ended ? std::string() : found;
}

std::string run_copy_past_end() {
  Buffer<float> y(n);
  std::vector<float> host(n + 1);
  cudaMemcpy(y.p, host.data(), (n + 1) * sizeof(float), cudaMemcpyHostToDevice);
  return compare({}, {}, 0);
}

}  // namespace

const std::vector<Scenario> planted_in_streams = {
    {"no_synchronise", run_no_synchronise},       {"freed_destination", run_freed_destination},
    {"host_reads_device", run_host_reads_device}, {"pinned_overwritten", run_pinned_overwritten},
    {"missing_event", run_missing_event},         {"overwritten_too_early", run_overwritten_too_early},
    {"unjoined_capture", run_unjoined_capture},   {"synchronise_in_capture", run_synchronise_in_capture},
    {"copy_past_end", run_copy_past_end},
};

}  // namespace scenario
