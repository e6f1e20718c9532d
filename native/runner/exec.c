#include "exec.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "report.h"

struct limit_name {
  const char *name;
  int resource;
};

static const struct limit_name LIMITS[] = {
    {"as", RLIMIT_AS},           {"core", RLIMIT_CORE},       {"cpu", RLIMIT_CPU},       {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},     {"locks", RLIMIT_LOCKS},     {"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE},
    {"nice", RLIMIT_NICE},       {"nofile", RLIMIT_NOFILE},   {"nproc", RLIMIT_NPROC},   {"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},   {"rttime", RLIMIT_RTTIME},   {"sigpending", RLIMIT_SIGPENDING}, {"stack", RLIMIT_STACK},
};

static int find_limit(const char *name) {
  for (size_t i = 0; i < LENGTH(LIMITS); i++)
    if (strcmp(LIMITS[i].name, name) == 0) return LIMITS[i].resource;
  errno = 0;
  fail("SPEC_INVALID", "unknown limit %s", name);
}

static void set_limit(int resource, rlim_t soft, rlim_t hard, const char *name) {
  const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
  if (setrlimit(resource, &limit) < 0) fail("SANDBOX_LIMIT", "limit %s", name);
}

void set_limits(const struct spec *spec) {
  struct rlimit files;
  set_limit(RLIMIT_CORE, 0, 0, "core");
  if (getrlimit(RLIMIT_NOFILE, &files) < 0) fail("SANDBOX_LIMIT", "limit nofile");
  set_limit(RLIMIT_NOFILE, files.rlim_max < 1024 ? files.rlim_max : 1024, files.rlim_max, "nofile");
  for (size_t i = 0; i < spec->limit_count; i++) {
    const struct limit_spec *limit = &spec->limits[i];
    const rlim_t soft = limit->soft == INT64_MAX ? RLIM_INFINITY : (rlim_t)limit->soft;
    const rlim_t hard = limit->hard == INT64_MAX ? RLIM_INFINITY : (rlim_t)limit->hard;
    set_limit(find_limit(limit->name), soft, hard, limit->name);
  }
}

void reset_signals(void) {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What is made here belongs to the step: unlike a mount point it stays. */
static void keep_before(void *context, const char *path) {
  (void)context;
  (void)path;
}
static void keep_after(void *context, const char *path, enum kind kind) {
  (void)context;
  (void)path;
  (void)kind;
}

void make_working_directory(int root, const char *cwd) {
  const struct creation_observer keep = {keep_before, keep_after, NULL};
  OWNED_FD fd = open_beneath(root, cwd, KIND_DIRECTORY, &keep);
  /* on a read-only root, or where it is a file: chdir says what is wrong */
  if (fd < 0 && errno != EROFS && errno != ENOTDIR && errno != EACCES)
    fail("SANDBOX_CWD", "working directory %s", cwd);
}

void enter_working_directory(const char *cwd) {
  char seen[PATH_MAX];
  if (chdir(cwd) < 0) fail("SANDBOX_CWD", "working directory %s", cwd);
  /* glibc's getcwd fails with ENOENT for a place that cannot be reached from the root */
  if (getcwd(seen, sizeof seen) == NULL || seen[0] != '/') fail("SANDBOX_CWD", "working directory %s is not in the root", cwd);
}

static const char *search_path(const struct spec *spec) {
  for (size_t i = 0; i < spec->env.count; i++)
    if (strncmp(spec->env.items[i], "PATH=", 5) == 0) return spec->env.items[i] + 5;
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

static void try_execute(const char *path, const struct spec *spec) {
  struct stat stat_of_file;
  /* a directory gives EACCES on exec; docker says the same of it as of a file without the x bit */
  if (stat(path, &stat_of_file) < 0) {
    /* a directory of PATH that nobody may look into has nothing to execute */
    errno = ENOENT;
    return;
  }
  execve(path, (char *const *)spec->args.items, (char *const *)spec->env.items);
}

/* The first directory of PATH that has it; EACCES somewhere is more telling than ENOENT elsewhere. */
static int search_and_execute(const struct spec *spec, const char *name) {
  int worst = ENOENT;
  const char *at = search_path(spec);
  for (;;) {
    size_t size = strcspn(at, ":");
    OWNED_TEXT path = must_print("%.*s/%s", size == 0 ? 1 : (int)size, size == 0 ? "." : at, name);
    errno = ENOENT;
    try_execute(path, spec);
    if (errno != ENOENT && errno != ENOTDIR) worst = errno;
    if (at[size] == '\0') return worst;
    at += size + 1;
  }
}

void execute(const struct spec *spec) {
  const char *name = spec->args.items[0];
  int error = ENOENT;
  if (strchr(name, '/') != NULL) {
    execve(name, (char *const *)spec->args.items, (char *const *)spec->env.items);
    error = errno;
  } else if (*name != '\0') {
    error = search_and_execute(spec, name);
  }
  errno = error;
  if (error == ENOENT && strchr(name, '/') == NULL) {
    errno = 0;
    fail_exit(EXIT_NOT_FOUND, "EXEC_NOT_FOUND", "%s: executable file not found in $PATH", name);
  }
  bool missing = error == ENOENT || error == ENOTDIR;
  fail_exit(missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, missing ? "EXEC_NOT_FOUND" : "EXEC_NOT_EXECUTABLE", "%s", name);
}
