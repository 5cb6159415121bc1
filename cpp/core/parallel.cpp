#include "core/parallel.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/check.h"
#include "core/cpu_count.h"
#include "core/float_mode.h"
#include "core/sharing.h"

namespace strate {
namespace {

constexpr int most_threads = 1024;
using Clock = std::chrono::steady_clock;
double nanoseconds(Clock::duration d) { return std::chrono::duration<double, std::nano>(d).count(); }

constexpr double serial_below = 5000;                      // nanoseconds of work
constexpr auto spin_time = std::chrono::microseconds(50);  // before a worker goes to sleep
constexpr double near_below = 400;                         // for a worker's answer
constexpr double wake_above = 40000;  // nanoseconds of work: a worker that sleeps comes some 20 us late

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// The tasks of one worker. Others help themselves from it when theirs are done.
struct alignas(64) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

struct Job {
  Task task = nullptr;
  void* context = nullptr;
  uint64_t mode = 0;
  int shares = 0;
};

// One job at a time. `state_` holds its number, whether it is open, and how many workers are inside; a worker
// joins only while it is open, so the caller waits for those inside and never for one that slept through it.
class Pool {
 public:
  explicit Pool(int threads) : shares_(new Share[threads]), spins_(threads <= usable_processors()) {
    workers_.reserve(threads);
    try {
      for (int i = 1; i < threads; i++) workers_.emplace_back([this, i] { work(i); });
    } catch (const std::system_error&) {  // the system gives no more threads: fewer do the same work
    }
    threads_ = 1 + int(workers_.size());
  }

  // Ends the workers. The pool stays taken, so a caller that still holds it runs its loop on its own thread.
  void retire() {
    while (!take()) std::this_thread::yield();
    stop_ = true;
    wake_.fetch_add(1);
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
  }

  int threads() const { return threads_; }
  bool take() { return !busy_.exchange(true, std::memory_order_acquire); }
  void leave() { busy_.store(false, std::memory_order_release); }

  // Whether a worker is awake, or waking one pays: for this loop, or because most of the time goes into loops
  // that could be shared, and it would not go to sleep again in between. Where they are few, the caller keeps
  // them: it would find what a worker has written in that one's cache.
  bool helps(double work) {
    if (sleepers_.load(std::memory_order_relaxed) < threads_ - 1) return true;
    const auto now = Clock::now();
    missed_ = std::max(0.0, missed_ - nanoseconds(now - last_missed_));
    last_missed_ = now;
    if (missed_ + work < wake_above) return false;
    missed_ = 0;
    return true;
  }
  void note_missed() {
    const auto now = Clock::now();
    missed_ += nanoseconds(now - last_missed_);
    last_missed_ = now;
  }

  // The loop on the caller's thread, or shared.
  void run(int64_t tasks, double work, Task task, void* context) {
    if (work >= Sharing::small) return share(tasks, task, context);
    const auto begin = Clock::now();
    if (sharing_.pays()) share(tasks, task, context);
    else
      for (int64_t t = 0; t < tasks; t++) task(context, t, 0);
    if (sharing_.note(work, nanoseconds(Clock::now() - begin))) sharing_.judge(near());
  }

 private:
  static constexpr uint64_t open = uint64_t(1) << 31, inside = open - 1;

  // Whether a worker that is awake answers as quickly as a cache in common lets it.
  bool near() {
    if (sleepers_.load(std::memory_order_relaxed) > 0) return false;
    double least = wake_above;
    for (int i = 0; i < 3; i++) {
      std::atomic<bool> answered{false};
      const auto begin = Clock::now();
      const auto ask = [](void* context, int64_t, int worker) {
        auto& answer = *static_cast<std::atomic<bool>*>(context);
        if (worker > 0) answer.store(true, std::memory_order_release);
        else
          for (int spins = 0; spins < 1000 && !answer.load(std::memory_order_acquire);) spins++;
      };
      share(2, ask, &answered);
      least = std::min(least, nanoseconds(Clock::now() - begin));
    }
    return least < near_below;
  }

  void share(int64_t tasks, Task task, void* context) {
    job_ = {task, context, float_mode(), int(std::min<int64_t>(tasks, threads_))};
    for (int i = 0; i < job_.shares; i++) {
      shares_[i].next.store(tasks * i / job_.shares, std::memory_order_relaxed);
      shares_[i].end = tasks * (i + 1) / job_.shares;
    }
    number_++;
    state_.store(uint64_t(number_) << 32 | open, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      wake_.fetch_add(1);
      wake_.notify_all();
    }
    take_tasks(0);
    state_.fetch_and(~open, std::memory_order_acq_rel);
    for (int spins = 0; (state_.load(std::memory_order_acquire) & inside) != 0; spins++)
      if (spins < 4096) pause();
      else std::this_thread::yield();
  }

  void take_tasks(int worker) {
    for (int i = 0; i < job_.shares; i++) {
      Share& share = shares_[(worker + i) % job_.shares];
      for (int64_t t; (t = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;)
        job_.task(job_.context, t, worker);
    }
  }

  bool join_job(int worker, uint32_t& last) {
    uint64_t state = state_.load(std::memory_order_seq_cst);
    while ((state & open) && uint32_t(state >> 32) != last) {
      if (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) continue;
      last = uint32_t(state >> 32);
      if (worker < job_.shares) {
        set_float_mode(job_.mode);
        take_tasks(worker);
      }
      state_.fetch_sub(1, std::memory_order_release);
      return true;
    }
    return false;
  }

  void work(int worker) {
    uint32_t last = 0;
    while (!stop_) {
      if (join_job(worker, last) || (spins_ && spin(worker, last))) continue;
      uint32_t seen = wake_.load();
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      if (!join_job(worker, last) && !stop_) wake_.wait(seen);
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    }
  }

  bool spin(int worker, uint32_t& last) {
    auto until = Clock::now() + spin_time;
    do {
      for (int i = 0; i < 64; i++) {
        if (join_job(worker, last)) return true;
        pause();
      }
    } while (Clock::now() < until && !stop_);
    return false;
  }

  std::unique_ptr<Share[]> shares_;
  int threads_ = 1;    // read by callers alone
  bool spins_;         // not where there are more threads than processors
  Sharing sharing_;    // by callers alone
  double missed_ = 0;  // nanoseconds of the last loops that nobody was woken for, less those between them
  Clock::time_point last_missed_;  // when the last of them began, or ended
  Job job_;
  uint32_t number_ = 0;
  alignas(64) std::atomic<uint64_t> state_{0};
  alignas(64) std::atomic<uint32_t> wake_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<bool> busy_{false}, stop_{false};
  std::vector<std::thread> workers_;
};

int threads_from_environment() {
  const char* value = std::getenv("STRATE_NUM_THREADS");
  if (!value || !*value) return usable_processors();
  char* end;
  long n = std::strtol(value, &end, 10);
  check(*end == 0 && n >= 1 && n <= most_threads, "threads", "STRATE_NUM_THREADS is a number from 1 to ",
        most_threads, "; got '", value, "'");
  return int(n);
}

std::mutex changing;                  // creation and replacement of the pool
std::atomic<Pool*> current{nullptr};  // never destroyed at exit: its workers end with the process
std::atomic<int> wanted{0};           // 0: not asked for yet

// A forked child has none of its parent's threads: it forgets the pool and makes a new one at first use.
void forget_in_child() {
  current.store(nullptr);
  new (&changing) std::mutex;
}

Pool& pool() {
  if (Pool* p = current.load(std::memory_order_acquire)) return *p;
  std::lock_guard guard(changing);
  if (Pool* p = current.load()) return *p;
  static bool registered = (pthread_atfork(nullptr, nullptr, forget_in_child), true);
  (void)registered;
  auto* made = new Pool(num_threads());
  current.store(made, std::memory_order_release);
  return *made;
}

}  // namespace

int num_threads() {
  int n = wanted.load(std::memory_order_relaxed);
  if (n == 0) wanted.store(n = threads_from_environment());
  return n;
}

void set_num_threads(int n) {
  check(n >= 1 && n <= most_threads, "threads", "the number of threads is from 1 to ", most_threads, "; got ",
        n);
  if (n == num_threads()) return;
  std::lock_guard guard(changing);
  static std::vector<Pool*>& retired = *new std::vector<Pool*>;
  Pool* old = current.exchange(nullptr);
  wanted.store(n);
  if (!old) return;
  old->retire();
  retired.push_back(old);
}

void run_tasks(int64_t tasks, double work, int workers, Task task, void* context) {
  if (tasks > 1 && work >= serial_below && workers > 1 && num_threads() > 1) {
    Pool& p = pool();
    if (p.threads() <= workers && p.take()) {
      if (p.helps(work)) {
        p.run(tasks, work, task, context);
      } else {
        for (int64_t t = 0; t < tasks; t++) task(context, t, 0);
        p.note_missed();
      }
      p.leave();
      return;
    }
  }
  for (int64_t t = 0; t < tasks; t++) task(context, t, 0);
}

}  // namespace strate
