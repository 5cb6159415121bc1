#include "core/cuda.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <cstdlib>

#include "core/check.h"

namespace strate {
namespace {

void fail_device(const char* text) { throw DeviceError(text); }
void fail_memory(const char* text) { throw MemoryError(text); }
constexpr CudaHost host{fail_device, fail_memory};

// Beside the file that holds this code: the extension.
std::string library_path() {
  if (const char* named = std::getenv("STRATE_CUDA_LIBRARY")) return named;
  Dl_info info;
  if (!dladdr(reinterpret_cast<const void*>(&cuda_unavailable), &info) || !info.dli_fname) return "";
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1) + "libstrate_cuda.so";
}

struct Loaded {
  const CudaLibrary* library = nullptr;
  std::string why_not;
};

Loaded load() {
  const std::string path = library_path();
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    if (std::getenv("STRATE_CUDA_LIBRARY")) return {nullptr, "STRATE_CUDA_LIBRARY=" + path + " is no file"};
    return {nullptr, "this build has no CUDA kernels"};
  }
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return {nullptr, text("the CUDA kernels cannot be loaded: ", dlerror())};
  const auto open = reinterpret_cast<CudaEntry>(dlsym(handle, cuda_entry));
  if (!open) return {nullptr, path + " is no library of CUDA kernels"};
  const char* why_not = "";
  const CudaLibrary* library = open(&host, &why_not);
  if (library && library->layout != cuda_layout)
    return {nullptr, path + " is of another build than this extension"};
  return {library, library ? "" : why_not};
}

const Loaded& loaded() {
  static const Loaded& once = *new Loaded(load());
  return once;
}

}  // namespace

const CudaLibrary& cuda_library() {
  if (!loaded().library) throw DeviceError("CUDA is unavailable: " + loaded().why_not);
  return *loaded().library;
}

std::string cuda_unavailable() { return loaded().why_not; }

}  // namespace strate
