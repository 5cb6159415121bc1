// Whether it pays to share small loops with other threads. It does where processors have a cache in common.
// Where they have none, as those of two sockets, or of a virtual machine in some minutes, each line that one
// has written and another reads costs as much as hundreds of sums; whether it still pays, the clock alone can
// tell: the way that is not taken is tried now and then.
#pragma once

#include <algorithm>

namespace strate {

class Sharing {
 public:
  static constexpr double small = 300e3;  // nanoseconds of work: larger loops are shared in any case

  bool pays() const { return pays_; }

  // A small loop took so many ticks of some clock. True where enough of them did to be judged.
  bool note(double work, double ticks) {
    work_ += work, ticks_ += ticks, loops_++;
    return work_ >= period && loops_ >= least_loops;
  }

  // near: the processors have a cache in common.
  void judge(bool near) {
    const double cost = ticks_ / work_;
    work_ = ticks_ = loops_ = 0;
    if (near) {
      *this = {};
    } else if (trying_ == 0) {
      usual_ = cost;
      if (--left_ == 0) turn(2);  // the first period moves what lies in caches
    } else if (--trying_ == 0) {
      const bool better = cost < gain * usual_;
      pause_ = better ? shortest : std::min(2 * pause_, longest);
      left_ = pause_;
      if (!better) turn(0);
    }
  }

 private:
  static constexpr double period = 8e6;  // nanoseconds of work, some two milliseconds
  static constexpr int least_loops = 256;
  static constexpr double gain = 0.95;
  static constexpr int shortest = 16, longest = 512;  // periods between tries

  void turn(int trying) { pays_ = !pays_, trying_ = trying; }

  bool pays_ = true;
  double work_ = 0, ticks_ = 0, usual_ = 0;
  int loops_ = 0, trying_ = 0, pause_ = shortest, left_ = 2;
};

}  // namespace strate
