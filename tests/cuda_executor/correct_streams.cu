// Right: streams, events, graphs, memory.

#include "scenarios.h"
//
#include "kernels.h"

namespace scenario {

namespace {

constexpr int n = 64;

__global__ void scale(float factor, float* y) { y[threadIdx.x] *= factor; }
__global__ void add(const float* x, float* y) { y[threadIdx.x] += x[threadIdx.x]; }

struct Streams {
  cudaStream_t first, second;
  cudaEvent_t fork, join;
  Streams() {
    cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
    cudaEventCreate(&fork);
    cudaEventCreate(&join);
  }
  ~Streams() {
    cudaEventDestroy(fork);
    cudaEventDestroy(join);
    cudaStreamDestroy(first);
    cudaStreamDestroy(second);
  }
};

// y = (y + 2 x) * 3, x on the second stream.
void fork_and_join(const Streams& s, float* x, float* y) {
  cudaEventRecord(s.fork, s.first);
  cudaStreamWaitEvent(s.second, s.fork);
  launch_kernel(scale, 1, n, 0, s.second, 2.0f, x);
  cudaEventRecord(s.join, s.second);
  cudaStreamWaitEvent(s.first, s.join);
  launch_kernel(add, 1, n, 0, s.first, x, y);
  launch_kernel(scale, 1, n, 0, s.first, 3.0f, y);
}

std::string run_events() {
  Streams s;
  Buffer<float> x(std::vector<float>(n, 5.0f), s.first), y(std::vector<float>(n, 1.0f), s.first);
  fork_and_join(s, x.p, y.p);
  if (cudaEventQuery(s.join) != cudaErrorNotReady) return "an event passed before anything waited";
  std::string found = compare(y.read(), std::vector<float>(n, 33.0f), 0);
  float milliseconds = -1;
  cudaEventElapsedTime(&milliseconds, s.fork, s.join);
  if (milliseconds < 0) found += " no time between events";
  return found;
}

std::string run_capture() {
  Streams s;
  Buffer<float> x(std::vector<float>(n, 5.0f), s.first), y(std::vector<float>(n, 1.0f), s.first);
  cudaStreamSynchronize(s.first);
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  cudaStreamCaptureStatus status;
  cudaStreamBeginCapture(s.first, cudaStreamCaptureModeRelaxed);
  fork_and_join(s, x.p, y.p);
  cudaStreamIsCapturing(s.second, &status);
  if (status != cudaStreamCaptureStatusActive) return "the second stream did not join the capture";
  cudaStreamEndCapture(s.first, &graph);
  size_t nodes = 0;
  cudaGraphGetNodes(graph, nullptr, &nodes);
  cudaGraphInstantiate(&executable, graph);
  cudaGraphDestroy(graph);
  std::string found = compare(y.read(), std::vector<float>(n, 1.0f), 0);  // capture runs nothing
  for (int i = 0; i < 2; i++) cudaGraphLaunch(executable, s.first);
  cudaGraphExecDestroy(executable);
  found += compare(y.read(), std::vector<float>(n, 159.0f), 0);
  return nodes == 3 ? found : found + " a graph of " + std::to_string(nodes) + " nodes";
}

// Pageable memory is read at the call, in a graph at each launch.
std::string run_pageable() {
  Streams s;
  Buffer<float> y(n, s.first);
  std::vector<float> host(n, 1.0f);
  cudaMemcpyAsync(y.p, host.data(), n * sizeof(float), cudaMemcpyHostToDevice, s.first);
  host.assign(n, 2.0f);
  std::string found = compare(y.read(), std::vector<float>(n, 1.0f), 0);
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  cudaStreamBeginCapture(s.first, cudaStreamCaptureModeRelaxed);
  cudaMemcpyAsync(y.p, host.data(), n * sizeof(float), cudaMemcpyHostToDevice, s.first);
  cudaStreamEndCapture(s.first, &graph);
  cudaGraphInstantiate(&executable, graph);
  host.assign(n, 3.0f);
  cudaGraphLaunch(executable, s.first);
  found += compare(y.read(), std::vector<float>(n, 3.0f), 0);
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
  return found;
}

// What the environment gives: memory for half of what is asked for, or no device.
std::string run_limits() {
  setenv("STRATE_EXECUTOR_MEMORY", "1000", 1);
  float *small, *large;
  std::string found;
  if (cudaMalloc(&small, 600) != cudaSuccess) found += " no memory within the limit";
  if (cudaMalloc(&large, 600) != cudaErrorMemoryAllocation || large) found += " memory past the limit";
  if (cudaGetLastError() != cudaErrorMemoryAllocation || cudaGetLastError() != cudaSuccess)
    found += " the error is not told once";
  size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  if (free != 400 || total != 1000) found += " wrong free memory";
  cudaFree(small);
  setenv("STRATE_EXECUTOR_DEVICES", "0", 1);
  int devices = -1;
  if (cudaGetDeviceCount(&devices) != cudaErrorNoDevice || devices != 0)
    found += " a device where there is none";
  unsetenv("STRATE_EXECUTOR_DEVICES");
  unsetenv("STRATE_EXECUTOR_MEMORY");
  cudaGetLastError();
  return found;
}

__global__ void stuck(float* y) {
  if (threadIdx.x) __syncthreads();
  y[0] = 1;
}

// An error of a kernel is what every later call returns, until the device is reset.
std::string run_sticky() {
  Buffer<float> y(n);
  launch_kernel(stuck, 1, 32, 0, nullptr, y.p);
  if (cudaGetLastError() != cudaSuccess) return "an error before the kernel ran";
  if (cudaDeviceSynchronize() != cudaErrorLaunchFailure) return "no error";
  if (cudaGetLastError() != cudaErrorLaunchFailure || cudaGetLastError() != cudaErrorLaunchFailure)
    return "the error is not sticky";
  if (std::string(cudaGetErrorString(cudaErrorLaunchFailure)).find("correct_streams.cu") == std::string::npos)
    return "the error does not tell where";
  cudaDeviceReset();
  cudaMemset(y.p, 0, n * sizeof(float));
  launch_kernel(scale, 1, n, 0, nullptr, 2.0f, y.p);
  return compare(y.read(), std::vector<float>(n, 0.0f), 0);
}

}  // namespace

const std::vector<Scenario> correct_streams = {
    {"events", run_events}, {"capture", run_capture}, {"pageable", run_pageable},
    {"limits", run_limits}, {"sticky", run_sticky},
};

}  // namespace scenario
