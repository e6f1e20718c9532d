#include "inside.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

struct process {
  pid_t pid, parent;
  /* how many pid namespaces it is in, and its number in the innermost */
  int depth;
  long number;
};

static bool read_process(int proc, const char *name, struct process *process) {
  char text[4096];
  OWNED_TEXT path = must_print("%s/status", name);
  OWNED_FD fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (size <= 0) return false;
  text[size] = '\0';
  const char *parent = strstr(text, "\nPPid:"), *numbers = strstr(text, "\nNSpid:");
  if (parent == NULL || numbers == NULL) return false;
  *process = (struct process){.pid = atoi(name), .parent = atoi(parent + 6)};
  for (const char *at = numbers + 7; *at == '\t' || *at == ' ' || (*at >= '0' && *at <= '9');) {
    char *end;
    process->number = strtol(at, &end, 10);
    if (end == at) break;
    process->depth++;
    at = end;
  }
  return true;
}

static bool is_below(pid_t pid, pid_t root, const struct process *all, size_t count) {
  /* a parent that ends while we read could close a circle of old and new numbers */
  for (size_t steps = 0; steps < count && pid > 1; steps++) {
    if (pid == root) return true;
    size_t i = 0;
    while (i < count && all[i].pid != pid) i++;
    if (i == count) return false;
    pid = all[i].parent;
  }
  return false;
}

static size_t read_all_processes(struct process **all) {
  DIR *proc = opendir("/proc");
  size_t count = 0;
  if (proc == NULL) return 0;
  for (const struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
    struct process process;
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !read_process(dirfd(proc), entry->d_name, &process)) continue;
    struct process *larger = realloc(*all, (count + 1) * sizeof **all);
    if (larger == NULL) break;
    *all = larger;
    larger[count++] = process;
  }
  closedir(proc);
  return count;
}

bool find_inside(pid_t monitor, struct inside *found) {
  struct process *all = NULL;
  const size_t count = read_all_processes(&all);
  int outer = 0;
  for (size_t i = 0; i < count; i++)
    if (all[i].pid == monitor) outer = all[i].depth;
  bool there = false;
  for (size_t i = 0; i < count && !there; i++) {
    /* the monitor stands outside; below it lies a namespace of the user's, and in that the container's */
    if (all[i].depth != outer + 2 || all[i].number != 1 || !is_below(all[i].pid, monitor, all, count)) continue;
    *found = (struct inside){.first = all[i].pid, .owner = all[i].parent};
    there = true;
  }
  free(all);
  return there;
}
