/*
 * What to run and in what: NUL-terminated pairs of key and value, read whole from a descriptor.
 * Keys that may come again make lists, in their order. `mount` starts a mount and `mount-*` describe it; so do `file`, `limit`.
 */
#ifndef SHALE_RUNNER_SPEC_H
#define SHALE_RUNNER_SPEC_H

#include "pump.h"
#include "seccomp_profile.h"
#include "util.h"

struct list {
  /* ends in a NULL that `count` leaves out */
  const char **items;
  size_t count;
};

enum mount_type { MOUNT_BIND, MOUNT_TMPFS, MOUNT_TREE, MOUNT_SECRET };

struct mount_spec {
  enum mount_type type;
  /* bind: path of the host; tree: path that is resolved beneath `root` as the container would resolve it */
  const char *source;
  const char *target;
  bool readonly;
  /* tmpfs: device files may be opened there, nothing may be executed there, set-user-id bits count there */
  bool devices, noexec, suid;
  /* tmpfs: bytes, files, permission bits; 0 is the default. secret: permission bits */
  int64_t size, inodes, mode;
  /* tree: directory; with `lowers` (topmost first) an empty one, on which the overlay is mounted */
  const char *root, *upper, *work;
  struct list lowers;
  /* secret: hexadecimal, so that it may hold any byte */
  const char *content;
  /* tmpfs, secret: owner */
  int64_t uid, gid;
};

/* A small file of the sandbox's own, as /etc/resolv.conf. */
struct file_spec {
  const char *target;
  const char *content;
  /* left out when the parent of the target is not a directory of the image */
  bool optional;
};

struct limit_spec {
  const char *name;
  int64_t soft, hard;
};

enum root_driver { ROOT_DIRECTORY, ROOT_OVERLAY };
/* PRIVATE: as NONE, and a helper connects it; JOINED: the caller is in the one it is to be, which belongs to its user namespace */
enum network { NETWORK_HOST, NETWORK_NONE, NETWORK_PRIVATE, NETWORK_JOINED };
enum helper { UPLINK_PASTA, UPLINK_SLIRP };

struct spec {
  enum root_driver driver;
  /* ROOT_OVERLAY: empty directory to mount on; ROOT_DIRECTORY: the root itself */
  const char *root;
  struct list lowers; /* topmost first */
  const char *upper, *work;
  /* program (absolute) and arguments that mount the root and serve it (rootserver.h); none: it is there */
  struct list server;
  /* overlay: what the program syncs is to survive a power cut */
  bool durable;
  bool readonly_root;

  struct list args, env;
  const char *cwd, *hostname;
  int64_t uid, gid;
  struct list groups;

  enum network network;
  enum helper helper;
  /* program (absolute) and arguments of the helper; none: nothing but the loopback device */
  struct list uplink;
  /* slirp4netns: requests in JSON */
  struct list forwards;
  struct mount_spec *mounts;
  size_t mount_count;
  struct file_spec *files;
  size_t file_count;
  /* bytes of /dev/shm; 0: none, because a mount of the caller takes its place */
  int64_t shm_size;

  struct list caps; /* lower-case names as in libcap, without "cap_" */
  bool no_new_privs;
  struct seccomp_profile seccomp;
  /* nothing of /proc and /sys is covered */
  bool unmasked;
  /* file that holds, or will hold, the compiled filter for these capabilities */
  const char *seccomp_cache;
  /* single-id map: changes of owner and id succeed without effect */
  bool emulate_ids;
  struct limit_spec *limits;
  size_t limit_count;
  bool tty;
  /* typed at a terminal of ours they leave the program, which goes on */
  struct keys detach_keys;
  /* the runner itself is the container's first process: it reaps, and gives signals to the program */
  bool init;
  /* there is no program: the arguments say what to copy (copy.h) */
  bool copy;
};

/* Ends the program with SPEC_INVALID when the text cannot be understood. */
struct spec read_spec(int fd);

#endif
