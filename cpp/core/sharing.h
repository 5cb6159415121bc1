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

  // A small loop took so many nanoseconds. True where enough of them did to be judged. One that takes long
  // does not count: it was interrupted. Where several do they are no small ones, whatever was estimated, and
  // the caller does not go on alone.
  bool note(double work, double took) {
    if (took > longest_loop) {
      if (!pays_ && ++long_loops_ == most_long_loops) turn_back();
      return false;
    }
    work_ += work, took_ += took, loops_++;
    return took_ >= period && loops_ >= least_loops;
  }

  // near: the processors have a cache in common.
  void judge(bool near) {
    const double cost = took_ / work_;
    forget();
    if (near) {
      *this = {};
    } else if (trying_ == 0) {
      usual_ = cost;
      if (--left_ == 0) turn(2);  // the first period moves what lies in caches
    } else if (--trying_ == 0) {
      if (cost < gain * usual_) left_ = pause_ = shortest;
      else turn_back();
    }
  }

 private:
  static constexpr double period = 4e6, longest_loop = 250e3;  // nanoseconds
  static constexpr int least_loops = 64, most_long_loops = 4;  // of a period
  static constexpr double gain = 0.95;
  static constexpr int shortest = 16, longest = 512;  // periods between tries

  void forget() { work_ = took_ = loops_ = long_loops_ = 0; }
  void turn(int trying) { pays_ = !pays_, trying_ = trying; }
  void turn_back() {
    turn(0);
    forget();
    left_ = pause_ = std::min(2 * pause_, longest);
  }

  bool pays_ = true;
  double work_ = 0, took_ = 0, usual_ = 0;
  int loops_ = 0, long_loops_ = 0, trying_ = 0, pause_ = shortest, left_ = 2;
};

}  // namespace strate
