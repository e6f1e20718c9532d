#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"
#include "seccomp_table.h"

enum { FILTER_LIMIT = BPF_MAXINSNS * sizeof(struct sock_filter), X32_BIT = 0x40000000 };

/* Namespace flags that a container without CAP_SYS_ADMIN may not ask clone for. */
static const uint64_t CLONE_NAMESPACES =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

static void check(int result, const char *what) {
  errno = -result;
  if (result < 0) fail("SANDBOX_SECCOMP", "%s", what);
}

/* Calls that an architecture or this libseccomp does not know are nothing to allow. */
static void add_rule(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
                     const struct scmp_arg_cmp *args) {
  int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return;
  int result = seccomp_rule_add_array(filter, action, number, count, args);
  if (result != -EDOM) check(result, name);
}

static bool is_emulated(const char *name) {
  for (const char *const *at = SECCOMP_EMULATED; *at != NULL; at++)
    if (strcmp(*at, name) == 0) return true;
  return false;
}

static void allow_calls(scmp_filter_ctx filter, const char *const *names, bool emulate_ids) {
  for (; *names != NULL; names++) {
    if (emulate_ids && (strcmp(*names, "mknod") == 0 || strcmp(*names, "mknodat") == 0)) continue;
    add_rule(filter, emulate_ids && is_emulated(*names) ? SCMP_ACT_ERRNO(0) : SCMP_ACT_ALLOW, *names, 0, NULL);
  }
}

/* Every address family but AF_ALG (page-cache writes from any process) and AF_VSOCK (the hypervisor's side). */
static void allow_sockets(scmp_filter_ctx filter) {
  const struct scmp_arg_cmp below = SCMP_A0(SCMP_CMP_LT, AF_ALG, 0);
  const struct scmp_arg_cmp between = SCMP_A0(SCMP_CMP_EQ, AF_NFC, 0);
  const struct scmp_arg_cmp above = SCMP_A0(SCMP_CMP_GT, AF_VSOCK, 0);
  add_rule(filter, SCMP_ACT_ALLOW, "socket", 1, &below);
  add_rule(filter, SCMP_ACT_ALLOW, "socket", 1, &between);
  add_rule(filter, SCMP_ACT_ALLOW, "socket", 1, &above);
}

static void allow_personalities(scmp_filter_ctx filter) {
  static const uint32_t HARMLESS[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};
  for (size_t i = 0; i < LENGTH(HARMLESS); i++) {
    const struct scmp_arg_cmp same = SCMP_A0(SCMP_CMP_EQ, HARMLESS[i], 0);
    add_rule(filter, SCMP_ACT_ALLOW, "personality", 1, &same);
  }
}

/* clone3 takes its flags from memory, which a filter cannot read: ENOSYS makes C libraries use clone. */
static void allow_plain_clone(scmp_filter_ctx filter) {
  const struct scmp_arg_cmp no_namespace = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NAMESPACES, 0);
  add_rule(filter, SCMP_ACT_ALLOW, "clone", 1, &no_namespace);
  add_rule(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

/* Without privileges a FIFO, socket or plain file can be made all the same: only devices are make-believe. */
static void emulate_devices(scmp_filter_ctx filter) {
  static const uint64_t REAL[] = {0, S_IFREG, S_IFIFO, S_IFSOCK};
  static const uint64_t EMULATED[] = {S_IFCHR, S_IFBLK};
  for (size_t i = 0; i < LENGTH(REAL) + LENGTH(EMULATED); i++) {
    const bool real = i < LENGTH(REAL);
    const uint64_t type = real ? REAL[i] : EMULATED[i - LENGTH(REAL)];
    const struct scmp_arg_cmp mknod_type = SCMP_A1(SCMP_CMP_MASKED_EQ, S_IFMT, type);
    const struct scmp_arg_cmp mknodat_type = SCMP_A2(SCMP_CMP_MASKED_EQ, S_IFMT, type);
    add_rule(filter, real ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(0), "mknod", 1, &mknod_type);
    add_rule(filter, real ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(0), "mknodat", 1, &mknodat_type);
  }
}

static void add_architectures(scmp_filter_ctx filter) {
  static const uint32_t FAMILIES[][2] = {
      {SCMP_ARCH_X86_64, SCMP_ARCH_X86}, {SCMP_ARCH_X86_64, SCMP_ARCH_X32}, {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM}};
  for (size_t i = 0; i < LENGTH(FAMILIES); i++)
    if (seccomp_arch_native() == FAMILIES[i][0]) check(seccomp_arch_add(filter, FAMILIES[i][1]), "seccomp_arch_add");
}

static scmp_filter_ctx make_filter(const struct spec *spec, uint64_t capabilities) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  errno = ENOMEM;
  if (filter == NULL) fail("SANDBOX_SECCOMP", "seccomp_init");
  add_architectures(filter);
  /* a binary tree: a call costs ten comparisons instead of hundreds; libseccomp before 2.5 has none */
  seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  allow_calls(filter, SECCOMP_ALWAYS, spec->emulate_ids);
  if (spec->emulate_ids) emulate_devices(filter);
  allow_sockets(filter);
  allow_personalities(filter);
  for (size_t i = 0; i < SECCOMP_BY_CAPABILITY_COUNT; i++)
    if (capabilities >> SECCOMP_BY_CAPABILITY[i].capability & 1)
      allow_calls(filter, SECCOMP_BY_CAPABILITY[i].calls, spec->emulate_ids);
  if ((capabilities >> CAP_SYS_ADMIN & 1) == 0) allow_plain_clone(filter);
  return filter;
}

static size_t add_instruction(struct sock_filter *code, size_t at, struct sock_filter instruction) {
  code[at] = instruction;
  return at + 1;
}

/*
 * Decides the calls that libseccomp may be too old for, before its filter: known new ones are allowed, unknown
 * newer ones do not exist. Numbers with the x32 bit, and -1, go on to the filter.
 */
static size_t write_prelude(struct sock_filter *code) {
  const size_t known = SECCOMP_ALWAYS_BY_NUMBER_COUNT;
  size_t at = 0;
  at = add_instruction(code, at, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0));
  at = add_instruction(code, at, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, known + 3, 0));
  at = add_instruction(code, at,
                       (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SECCOMP_LAST_KNOWN, known, 0));
  for (size_t i = 0; i < known; i++) {
    const uint8_t to_allow = (uint8_t)(known - i), next = i + 1 == known ? 2 : 0;
    at = add_instruction(
        code, at,
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_ALWAYS_BY_NUMBER[i], to_allow, next));
  }
  at = add_instruction(code, at, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  return add_instruction(code, at, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

static struct sock_fprog compile(const struct spec *spec, uint64_t capabilities) {
  scmp_filter_ctx filter = make_filter(spec, capabilities);
  OWNED_FD memory = memfd_create("filter", MFD_CLOEXEC);
  if (memory < 0) fail("SANDBOX_SECCOMP", "memfd_create");
  check(seccomp_export_bpf(filter, memory), "seccomp_export_bpf");
  seccomp_release(filter);
  off_t size = lseek(memory, 0, SEEK_CUR);
  struct sock_filter *code = must_alloc(FILTER_LIMIT);
  size_t count = write_prelude(code);
  errno = E2BIG;
  if (size < 0 || count * sizeof *code + (size_t)size > FILTER_LIMIT) fail("SANDBOX_SECCOMP", "the filter");
  if (pread(memory, code + count, (size_t)size, 0) != size) fail("SANDBOX_SECCOMP", "cannot read the filter");
  count += (size_t)size / sizeof *code;
  return (struct sock_fprog){.len = (unsigned short)count, .filter = code};
}

static bool read_cache(const char *path, struct sock_fprog *program) {
  OWNED_FD fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  size_t size = 0;
  char *code = read_all(fd, FILTER_LIMIT, &size);
  if (code == NULL || size == 0 || size % sizeof(struct sock_filter) != 0) return false;
  *program = (struct sock_fprog){.len = (unsigned short)(size / sizeof(struct sock_filter)), .filter = (void *)code};
  return true;
}

/* Best effort: without it the next step compiles again. */
static void write_cache(const char *path, const struct sock_fprog *program) {
  OWNED_TEXT temporary = must_print("%s.%d", path, (int)getpid());
  OWNED_FD fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (write_all(fd, program->filter, program->len * sizeof *program->filter) < 0 || rename(temporary, path) < 0)
    unlink(temporary);
}

struct sock_fprog prepare_filter(const struct spec *spec, uint64_t capabilities) {
  struct sock_fprog program;
  if (spec->seccomp_cache != NULL && read_cache(spec->seccomp_cache, &program)) return program;
  program = compile(spec, capabilities);
  if (spec->seccomp_cache != NULL) write_cache(spec->seccomp_cache, &program);
  return program;
}

void load_filter(const struct sock_fprog *program) {
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0)
    fail("SANDBOX_SECCOMP", "the kernel refuses the filter");
}
