// Threads. A loop is cut into tasks by its shape alone; the pool only decides who runs which, so results
// never depend on the number of threads. `work` is the estimated time of the whole loop on one thread, in
// nanoseconds: below a few microseconds it runs on the calling thread, because waking others costs more.
#pragma once

#include <cstdint>
#include <type_traits>

namespace strate {

// STRATE_NUM_THREADS, else the processors that the affinity mask and the container's quota leave.
int num_threads();
void set_num_threads(int n);  // throws unless 1 <= n <= 1024

using Task = void (*)(void* context, int64_t task, int worker);
void run_tasks(int64_t tasks, double work, int workers, Task, void* context);

// f(task, worker) for every task; worker < workers names the scratch space that the task may use. A loop with
// scratch space asks for num_threads() once, allocates that many pieces and passes the number here.
template <class F> void parallel_for(int64_t tasks, double work, int workers, F&& f) {
  using Function = std::remove_reference_t<F>;
  auto call = [](void* context, int64_t task, int worker) {
    (*static_cast<Function*>(context))(task, worker);
  };
  run_tasks(tasks, work, workers, call, const_cast<void*>(static_cast<const void*>(&f)));
}

template <class F> void parallel_for(int64_t tasks, double work, F&& f) {
  parallel_for(tasks, work, num_threads(), f);
}

// f(begin, end) over 0..count in pieces of at most `grain`: the shape of an elementwise loop.
template <class F> void parallel_ranges(int64_t count, int64_t grain, double work, F&& f) {
  parallel_for((count + grain - 1) / grain, work, [&](int64_t task, int) {
    int64_t begin = task * grain, end = begin + grain < count ? begin + grain : count;
    f(begin, end);
  });
}

}  // namespace strate
