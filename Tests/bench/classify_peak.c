// The most single-precision arithmetic that one core can do: prints GFLOPS of fused multiply-adds and bits of a vector.
// 12 independent sums keep every unit busy (two units of latency four need eight). The best of many slices of a few
// milliseconds, each long enough for the clock and short enough to fall between interruptions.
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
enum { width = 16 };
#elif defined(__AVX__)
enum { width = 8 };
#else
enum { width = 4 };
#endif
enum { sums = 12, turns = 1 << 18, slices = 60 };
typedef float vector __attribute__((vector_size(width * sizeof(float))));

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
  (void)arguments;
  // Values the compiler cannot know, near one so that nothing overflows or becomes denormal.
  const vector factor = (vector){0} + (1.0f - 1e-7f * (float)count), term = (vector){0} + 1e-7f * (float)count;
  vector sum[sums];
  for (int i = 0; i < sums; i++) sum[i] = factor + (float)i;
  double best = 0;
  for (int slice = 0; slice < slices; slice++) {
    const double before = now();
    for (int turn = 0; turn < turns; turn++)
      for (int i = 0; i < sums; i++) sum[i] = sum[i] * factor + term;
    const double rate = 2.0 * width * sums * turns / (now() - before);
    if (rate > best) best = rate;
  }
  float all = 0;
  for (int i = 0; i < sums; i++) all += sum[i][0];
  printf("%.2f %d\n", all > 0 ? best * 1e-9 : 0, width * 32);
  return 0;
}
