#include "core/random.h"

#include <bit>
#include <cmath>

#include "core/check.h"
#include "core/cuda.h"
#include "core/dispatch.h"
#include "core/philox.h"

namespace strate {
namespace {

// 53 random bits, in (0, 1): never 0, so that a logarithm of it is finite.
double unit(uint32_t high, uint32_t low) {
  uint64_t bits = (uint64_t(high) << 32 | low) >> 11;
  return (double(bits) + 0.5) * 0x1p-53;
}

// Our own, so that weights do not depend on which variant the system's library picks for a processor.
// x = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh((m - 1) / (m + 1)).
double natural_log(double x) {
  int e;
  double m = std::frexp(x, &e);
  if (m < 0.70710678118654752) {
    m *= 2;
    e--;
  }
  double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
  for (int k = 21; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return e * 0.69314718055994531 + 2 * s * sum;
}

template <int N> double polynomial(const double (&c)[N], double x) {
  double sum = c[N - 1];
  for (int i = N - 2; i >= 0; i--) sum = sum * x + c[i];
  return sum;
}

// Inverse of the normal distribution function (M. J. Wichura, Algorithm AS 241, Applied Statistics 37, 1988),
// about 1e-16 relative.
double normal_quantile(double p) {
  static constexpr double a[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                 1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                 3.3430575583588128105e4, 2.5090809287301226727e3};
  static constexpr double b[] = {1.0,
                                 4.2313330701600911252e1,
                                 6.8718700749205790830e2,
                                 5.3941960214247511077e3,
                                 2.1213794301586595867e4,
                                 3.9307895800092710610e4,
                                 2.8729085735721942674e4,
                                 5.2264952788528545610e3};
  static constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                 5.76949722146069140550e0,  3.64784832476320460504e0,
                                 1.27045825245236838258e0,  2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[] = {1.0,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
  static constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                 1.78482653991729133580e0,  2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[] = {1.0,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};
  double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  double r = std::sqrt(-natural_log(q < 0 ? p : 1 - p));
  double x =
      r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -x : x;
}

}  // namespace

namespace cpu {

// The float nearest to low + (high - low) u may be `high` itself: it is moved back inside.
template <class T> void uniform(T* out, int64_t n, double low, double high, uint64_t seed, uint64_t stream) {
  for (int64_t i = 0; i < n; i++) {
    Philox4 r = philox(seed, uint64_t(i), stream);
    T value = T(low + (high - low) * unit(r.word[0], r.word[1]));
    out[i] = value >= T(high) && low < high ? std::nextafter(T(high), T(low)) : value;
  }
}

template <class T>
void normal(T* out, int64_t n, double mean, double deviation, uint64_t seed, uint64_t stream) {
  for (int64_t i = 0; i < n; i++) {
    Philox4 r = philox(seed, uint64_t(i), stream);
    out[i] = T(mean + deviation * normal_quantile(unit(r.word[0], r.word[1])));
  }
}

// Fisher and Yates: place i receives one of the i + 1 that remain.
void permute(int64_t* out, int64_t n, uint64_t seed, uint64_t stream) {
  for (int64_t i = 0; i < n; i++) out[i] = i;
  for (int64_t i = n - 1; i > 0; i--) {
    Philox4 r = philox(seed, uint64_t(i), stream);
    uint64_t bits = uint64_t(r.word[0]) << 32 | r.word[1];
    int64_t j = int64_t((static_cast<unsigned __int128>(bits) * uint64_t(i + 1)) >> 64);
    std::swap(out[i], out[j]);
  }
}

void count_up(int64_t* number) { ++*number; }

}  // namespace cpu

void count_up(const Tensor& number) {
  if (number.dtype() != DType::int64 || number.count() != 1)
    fail_type("count_up", "one int64 is counted up; got ", dtype_name(number.dtype()), " ", number.shape());
  const bool cuda = number.device() == Device::cuda;
  run(Kernel{cuda ? cuda_runtime().count_up : cpu::count_up, number.device()}, number);
}

namespace {

template <class Fill> void fill_random(const char* op, const Tensor& out, Fill fill) {
  if (!is_real(out.dtype())) fail_type(op, "fills float32 or float64; got ", dtype_name(out.dtype()));
  check(!out.read_only(), op, "the tensor is read-only");
  const bool direct = out.contiguous() && out.device() == Device::cpu;
  Tensor work = direct ? out : empty(out.shape(), out.dtype());
  visit_real(out.dtype(), [&]<class T>() { fill.template operator()<T>(work); });
  if (!direct) copy(out, work);
}

}  // namespace

void fill_uniform(const Tensor& out, double low, double high, uint64_t seed, uint64_t stream) {
  check(std::isfinite(low) && std::isfinite(high) && low <= high, "uniform",
        "low <= high, both finite; got low=", low, ", high=", high);
  fill_random("uniform", out,
              [&]<class T>(const Tensor& t) { run(cpu::uniform<T>, t, t.count(), low, high, seed, stream); });
}

void fill_normal(const Tensor& out, double mean, double deviation, uint64_t seed, uint64_t stream) {
  check(std::isfinite(mean) && std::isfinite(deviation) && deviation >= 0, "normal",
        "a finite mean and a deviation of 0 or more; got mean=", mean, ", deviation=", deviation);
  fill_random("normal", out, [&]<class T>(const Tensor& t) {
    run(cpu::normal<T>, t, t.count(), mean, deviation, seed, stream);
  });
}

Tensor permutation(int64_t n, uint64_t seed, uint64_t stream) {
  check(n >= 0, "permutation", "n is 0 or more; got ", n);
  Tensor out = empty({n}, DType::int64);
  run(cpu::permute, out, n, seed, stream);
  return out;
}

}  // namespace strate
