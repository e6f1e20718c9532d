#include "health.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"
#include "inside.h"
#include "json.h"
#include "kernel.h"
#include "report.h"
#include "secrets.h"

long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void health_configure(struct health *health, const char *text) {
  errno = 0;
  if (sscanf(text, "%ld,%ld,%ld,%ld,%d", &health->interval, &health->timeout, &health->start_period,
             &health->start_interval, &health->retries) != 5)
    fail("RUNNER_USAGE", "--health %s", text);
}

static void write_text(FILE *file, const struct health_result *result) {
  char escaped[JSON_ESCAPED + 1];
  for (size_t i = 0; i < result->size; i++)
    fwrite(escaped, 1, json_escape(escaped, (unsigned char)result->output[i]), file);
}

static void write_result(FILE *file, const struct health_result *result) {
  char start[JSON_TIME], end[JSON_TIME];
  json_time(start, result->start);
  json_time(end, result->end);
  fprintf(file, "{\"Start\":\"%s\",\"End\":\"%s\",\"ExitCode\":%d,\"Output\":\"", start, end, result->code);
  write_text(file, result);
  fputs("\"}", file);
}

/* Complete or as before: who looks meanwhile sees one of both. A full disk leaves the old one. */
static void write_health(const struct health *health) {
  static const char *const NAMES[] = {"starting", "healthy", "unhealthy"};
  int fd = openat(health->directory, "health.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
  if (file == NULL) return;
  fprintf(file, "{\"Status\":\"%s\",\"FailingStreak\":%d,\"Log\":[", NAMES[health->status], health->streak);
  for (size_t i = 0; i < health->count; i++) {
    if (i > 0) fputc(',', file);
    write_result(file, &health->results[i]);
  }
  fputs("]}\n", file);
  if (fclose(file) == 0) renameat(health->directory, "health.new", health->directory, "health.json");
}

static bool in_start_period(const struct health *health) {
  return health->status == HEALTH_STARTING && now_ms() - health->begun < health->start_period;
}

static void plan_next(struct health *health) {
  health->next = now_ms() + (in_start_period(health) ? health->start_interval : health->interval);
}

void health_begin(struct health *health) {
  health->status = HEALTH_STARTING;
  health->streak = 0;
  health->count = 0;
  health->probe = 0;
  health->output = -1;
  health->begun = now_ms();
  if (health->interval <= 0) return;
  plan_next(health);
  write_health(health);
}

static void become_probe(const struct health *health, const struct inside *inside, int output) __attribute__((noreturn));
static void become_probe(const struct health *health, const struct inside *inside, int output) {
  OWNED_TEXT first = must_print("%d", inside->first);
  OWNED_TEXT owner = must_print("%d", inside->owner);
  int spec = openat(health->directory, "probe", O_RDONLY | O_CLOEXEC);
  if (health->secrets >= 0) spec = join_secrets(spec, health->secrets);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  /* above all that is to be replaced */
  int high[] = {fcntl(null, F_DUPFD, 64), fcntl(output, F_DUPFD, 64), fcntl(spec, F_DUPFD, 64)};
  dup2(high[0], 0);
  dup2(high[1], 1);
  dup2(high[1], 2);
  dup2(high[2], 3);
  dup2(high[0], 4);
  kernel_close_from(5, 0);
  reset_signals();
  execl(health->runner, health->runner, "exec", "--spec", "3", "--report", "4", "--pid", first, "--owner", owner, NULL);
  _exit(EXIT_SANDBOX);
}

static struct health_result *new_result(struct health *health) {
  if (health->count == HEALTH_RESULTS) {
    memmove(health->results, health->results + 1, (HEALTH_RESULTS - 1) * sizeof *health->results);
    health->count--;
  }
  struct health_result *result = &health->results[health->count];
  *result = (struct health_result){.code = -1};
  clock_gettime(CLOCK_REALTIME, &result->start);
  return result;
}

static void start_probe(struct health *health) {
  struct inside inside;
  int ends[2];
  /* it ends just now, or has not begun: the next time */
  if (!find_inside(getpid(), &inside) || pipe2(ends, O_CLOEXEC) < 0) {
    plan_next(health);
    return;
  }
  new_result(health);
  health->probe = fork();
  if (health->probe == 0) become_probe(health, &inside, ends[1]);
  close(ends[1]);
  health->output = ends[0];
  fcntl(health->output, F_SETFL, O_NONBLOCK);
  health->next = now_ms() + health->timeout;
}

static void take_probe_output(struct health *health) {
  struct health_result *result = &health->results[health->count];
  char data[HEALTH_OUTPUT];
  ssize_t got;
  while ((got = read(health->output, data, sizeof data)) > 0) {
    const size_t room = sizeof result->output - result->size;
    const size_t taken = (size_t)got < room ? (size_t)got : room;
    memcpy(result->output + result->size, data, taken);
    result->size += taken;
  }
  if (got == 0) close_fd(&health->output);
}

static void judge(struct health *health, int code) {
  struct health_result *result = &health->results[health->count++];
  result->code = code;
  clock_gettime(CLOCK_REALTIME, &result->end);
  const bool starting = in_start_period(health);
  if (code == 0) {
    health->status = HEALTH_HEALTHY;
    health->streak = 0;
  } else if (!starting && ++health->streak >= health->retries) {
    health->status = HEALTH_UNHEALTHY;
  }
  health->probe = 0;
  plan_next(health);
  write_health(health);
}

static void stop_probe(struct health *health) {
  kill(health->probe, SIGKILL);
  waitpid(health->probe, NULL, 0);
  close_fd(&health->output);
}

static void give_up(struct health *health) {
  stop_probe(health);
  struct health_result *result = &health->results[health->count];
  result->size = (size_t)snprintf(result->output, sizeof result->output, "Health check exceeded timeout (%gs)",
                                  (double)health->timeout / 1000);
  judge(health, -1);
}

int health_wait(const struct health *health) {
  if (health->interval <= 0) return -1;
  const long left = health->next - now_ms();
  return left <= 0 ? 0 : left > 1 << 20 ? 1 << 20 : (int)left;
}

void health_wants(const struct health *health, struct pollfd *entry) {
  *entry = (struct pollfd){.fd = health->probe > 0 ? health->output : -1, .events = POLLIN};
}

void health_turn(struct health *health, const struct pollfd *entry) {
  if (health->interval <= 0) return;
  if (entry->revents && health->output >= 0) take_probe_output(health);
  if (now_ms() < health->next) return;
  if (health->probe > 0) give_up(health);
  else start_probe(health);
}

void health_child(struct health *health, pid_t pid, int status) {
  if (pid != health->probe || health->probe <= 0) return;
  if (health->output >= 0) take_probe_output(health);
  close_fd(&health->output);
  judge(health, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

void health_end(struct health *health) {
  if (health->interval <= 0) return;
  if (health->probe > 0) stop_probe(health);
  health->probe = 0;
  /* as docker: a container that does not run is not healthy */
  health->status = HEALTH_UNHEALTHY;
  write_health(health);
}
