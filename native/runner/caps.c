#include "caps.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"

/* By number, capabilities(7). */
static const char *const NAMES[] = {
    "chown",           "dac_override", "dac_read_search", "fowner",       "fsetid",         "kill",
    "setgid",          "setuid",       "setpcap",         "linux_immutable", "net_bind_service", "net_broadcast",
    "net_admin",       "net_raw",      "ipc_lock",        "ipc_owner",    "sys_module",     "sys_rawio",
    "sys_chroot",      "sys_ptrace",   "sys_pacct",       "sys_admin",    "sys_boot",       "sys_nice",
    "sys_resource",    "sys_time",     "sys_tty_config",  "mknod",        "lease",          "audit_write",
    "audit_control",   "setfcap",      "mac_override",    "mac_admin",    "syslog",         "wake_alarm",
    "block_suspend",   "audit_read",   "perfmon",         "bpf",          "checkpoint_restore",
};

static bool in_bounding_set(size_t capability) { return prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1; }

uint64_t capability_mask(const struct list *names) {
  uint64_t mask = 0;
  for (size_t i = 0; i < names->count; i++) {
    size_t number = 0;
    while (number < LENGTH(NAMES) && strcmp(NAMES[number], names->items[i]) != 0) number++;
    errno = 0;
    if (number == LENGTH(NAMES)) fail("SPEC_INVALID", "unknown capability %s", names->items[i]);
    if (in_bounding_set(number)) mask |= UINT64_C(1) << number;
  }
  return mask;
}

static void set_capabilities(uint64_t mask) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {
      {.effective = (uint32_t)mask, .permitted = (uint32_t)mask},
      {.effective = (uint32_t)(mask >> 32), .permitted = (uint32_t)(mask >> 32)},
  };
  if (syscall(SYS_capset, &header, data) < 0) fail("SANDBOX_CAPABILITIES", "capset");
}

static uint64_t permitted_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}, {0}};
  if (syscall(SYS_capget, &header, data) < 0) fail("SANDBOX_CAPABILITIES", "capget");
  return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

void keep_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}, {0}};
  if (syscall(SYS_capget, &header, data) < 0) fail("SANDBOX_CAPABILITIES", "capget");
  for (size_t i = 0; i < LENGTH(data); i++) data[i].inheritable = data[i].permitted;
  if (syscall(SYS_capset, &header, data) < 0) fail("SANDBOX_CAPABILITIES", "capset");
  for (size_t number = 0; number < 64; number++)
    if (permitted_capabilities() >> number & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
      fail("SANDBOX_CAPABILITIES", "cannot keep capability %zu", number);
}

void become_root(void) {
  if (getuid() == 0 && getgid() == 0) return;
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail("SANDBOX_USER", "cannot become root of the user namespace");
}

static void cut_bounding_set(uint64_t mask) {
  for (size_t number = 0; number < 64; number++) {
    if (mask >> number & 1 || !in_bounding_set(number)) continue;
    if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0) fail("SANDBOX_CAPABILITIES", "cannot drop capability %zu", number);
  }
}

/* Exactly the given groups, and the primary one among them (CVE-2022-36109). */
static void set_groups(const struct spec *spec) {
  gid_t groups[1 + NGROUPS_MAX] = {(gid_t)spec->gid};
  size_t count = 1;
  for (size_t i = 0; i < spec->groups.count && count < LENGTH(groups); i++) {
    int64_t group = parse_number(spec->groups.items[i], 4294967294);
    if (group < 0) fail("SPEC_INVALID", "group %s", spec->groups.items[i]);
    groups[count++] = (gid_t)group;
  }
  if (setgroups(count, groups) < 0) fail("SANDBOX_USER", "setgroups");
}

static void map_own_id(const char *file, int64_t inside) {
  char line[64];
  snprintf(line, sizeof line, "%lld 0 1\n", (long long)inside);
  if (write_file(AT_FDCWD, file, line) < 0) fail("SANDBOX_USER", "cannot write %s", file);
}

/*
 * With a single id there is no other user to become, but one more user namespace gives the id another number: the
 * program is, and sees, the user that it expects. Files of root then look like its own.
 */
static void rename_own_id(const struct spec *spec) {
  if (spec->uid == 0 && spec->gid == 0) return;
  if (unshare(CLONE_NEWUSER) < 0) fail("SANDBOX_USER", "cannot enter a user namespace for user %lld", (long long)spec->uid);
  /* the files of /proc/self belong to us only while we may be looked at; nobody else is here yet */
  prctl(PR_SET_DUMPABLE, 1);
  if (write_file(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 && errno != EPERM) fail("SANDBOX_USER", "setgroups");
  map_own_id("/proc/self/uid_map", spec->uid);
  map_own_id("/proc/self/gid_map", spec->gid);
  prctl(PR_SET_DUMPABLE, 0);
}

void become_user(const struct spec *spec, uint64_t mask) {
  /* in a single-id map the kernel forbids setgroups: the caller's other groups show as nogroup */
  if (spec->emulate_ids) rename_own_id(spec);
  else set_groups(spec);
  cut_bounding_set(mask);
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) fail("SANDBOX_USER", "prctl");
  gid_t gid = (gid_t)spec->gid;
  uid_t uid = (uid_t)spec->uid;
  if (setresgid(gid, gid, gid) < 0) fail("SANDBOX_USER", "group %u is not in the id map", gid);
  if (setresuid(uid, uid, uid) < 0) fail("SANDBOX_USER", "user %u is not in the id map", uid);
  if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0) fail("SANDBOX_USER", "prctl");
  set_capabilities(permitted_capabilities());
}

void drop_capabilities(const struct spec *spec, uint64_t mask) {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  set_capabilities(spec->uid == 0 ? mask & permitted_capabilities() : 0);
}
