/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tries to get out of a sandbox in every way that a package's script could, and writes what happened to a file: a line for each attempt,
   "NAME out" when it worked, "NAME in: why" when not. Arguments: output, a secret file of the machine, a unix socket, an abstract socket's name, a TCP port,
   device number of a block device (major:minor). It works in the current directory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *secret, *socket_path, *abstract, *self;
static int port;
static dev_t device;

/* Numbers since 424 are the same everywhere; libc's headers may be older. */
#define CALL(n, ...) syscall(n, __VA_ARGS__)

static int reads(const char *path) {
  char text[7] = "";
  int fd = open(path, O_RDONLY);
  if (fd < 0) return 0;
  int n = read(fd, text, 6);
  close(fd);
  return n == 6 && strcmp(text, "SECRET") == 0;
}

static int direct(void) { return reads(secret); }

static int double_chroot(void) {
  mkdir("scratch/inner", 0755);
  if (chroot("scratch/inner") != 0) return 0;
  for (int i = 0; i < 64; i++) if (chdir("..") != 0) break;
  if (chroot(".") != 0) return 0;
  return reads(secret);
}

static int plain_chroot(void) { return chroot("/") == 0; }
static int proc_root(void) { char at[4096]; snprintf(at, sizeof at, "/proc/1/root%s", secret); return reads(at); }
static int parent_root(void) { char at[4096]; snprintf(at, sizeof at, "/proc/%d/root%s", getppid(), secret); return reads(at); }
static int old_mount(void) { mkdir("scratch/mnt", 0755); return mount("none", "scratch/mnt", "tmpfs", 0, "") == 0; }
static int bind_mount(void) { mkdir("scratch/mnt", 0755); return mount("scratch", "scratch/mnt", NULL, MS_BIND, NULL) == 0; }
static int unmount(void) { return umount2("/proc", MNT_DETACH) == 0; }
static int new_mount(void) { return CALL(430, "tmpfs", 0) >= 0; }
static int new_tree(void) { return CALL(428, AT_FDCWD, "/", 1) >= 0; }
static int pivot(void) {
  mkdir("scratch/pivot", 0755);
  return mount("none", "scratch/pivot", "tmpfs", 0, "") == 0 && mkdir("scratch/pivot/old", 0755) == 0 && CALL(SYS_pivot_root, "scratch/pivot", "scratch/pivot/old") == 0;
}
static int user_namespace(void) { return unshare(CLONE_NEWUSER) == 0; }
static int mount_namespace(void) { return unshare(CLONE_NEWNS) == 0; }
static int cloned(unsigned long flag) {
  long pid = CALL(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(pid, NULL, 0);
  return pid > 0;
}
static int user_clone(void) { return cloned(CLONE_NEWUSER); }
static int pid_clone(void) { return cloned(CLONE_NEWPID); }
static int clone_three(void) {
  struct { unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } args = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
  long pid = CALL(435, &args, sizeof args);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(pid, NULL, 0);
  return pid > 0;
}
static int join_namespace(void) { int fd = open("/proc/1/ns/mnt", O_RDONLY); return fd >= 0 && setns(fd, 0) == 0; }
static int trace_parent(void) {
  if (ptrace(PTRACE_SEIZE, getppid(), 0, 0) != 0) return 0;
  return 1;
}
static int trace_first(void) { return ptrace(PTRACE_SEIZE, 1, 0, 0) == 0; }
static int memory_of_parent(void) {
  char byte;
  struct iovec here = {&byte, 1}, there = {(void *)1, 1};
  /* EFAULT: it was allowed, and only the address is wrong */
  return process_vm_readv(getppid(), &here, 1, &there, 1, 0) >= 0 || errno == EFAULT;
}
static int unix_socket(void) {
  struct sockaddr_un to = {AF_UNIX};
  strncpy(to.sun_path, socket_path, sizeof to.sun_path - 1);
  return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, sizeof to) == 0;
}
static int abstract_socket(void) {
  struct sockaddr_un to = {AF_UNIX};
  strncpy(to.sun_path + 1, abstract, sizeof to.sun_path - 2);
  /* some servers take the whole field for the name */
  return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract)) == 0 ||
    connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, sizeof to) == 0;
}
static int network(void) {
  struct sockaddr_in to = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}};
  return connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&to, sizeof to) == 0;
}
static int vsock(void) { return socket(40, SOCK_STREAM, 0) >= 0; }
static int packet(void) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }
static int crypto_socket(void) { return socket(38, SOCK_SEQPACKET, 0) >= 0; }
static int keyring_add(void) { return CALL(SYS_add_key, "user", "treeline-escape", "x", 1, KEY_SPEC_PROCESS_KEYRING) >= 0; }
static int keyring_read(void) { return CALL(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) >= 0; }
static int device_node(void) {
  unlink("scratch/disk");
  if (mknod("scratch/disk", S_IFBLK | 0600, device) != 0) return 0;
  int fd = open("scratch/disk", O_RDONLY);
  unlink("scratch/disk");
  return fd >= 0;
}
static int device_here(void) { return mknod("disk", S_IFBLK | 0600, device) == 0; }
static int set_user_id(void) {
  if (setgid(65534) != 0 || setuid(65534) != 0) return 0;
  pid_t pid = fork();
  if (pid == 0) { execl(self, self, "euid", NULL); _exit(1); }
  int status;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 42;
}
static int by_handle(void) {
  struct { struct file_handle head; char bytes[128]; } handle = {{128}};
  int id, at = open("/usr", O_RDONLY);
  if (name_to_handle_at(AT_FDCWD, "/usr", &handle.head, &id, 0) != 0) { handle.head.handle_bytes = 8; handle.head.handle_type = 1; }
  return open_by_handle_at(at, &handle.head, O_RDONLY) >= 0;
}
static int terminal(void) { int fd = open("/dev/tty", O_RDWR); char c = 'x'; return (fd >= 0 && ioctl(fd, TIOCSTI, &c) == 0) || ioctl(0, TIOCSTI, &c) == 0 || fd >= 0; }
static int kernel_setting(void) { return open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0; }
static int trigger(void) { return open("/proc/sysrq-trigger", O_WRONLY) >= 0; }
static int process_memory(void) { return open("/proc/self/mem", O_RDWR) >= 0; }
static int descriptors(void) { for (int fd = 3; fd < 1024; fd++) if (fcntl(fd, F_GETFD) >= 0) return 1; return 0; }
static int environment(void) {
  char text[65536];
  int fd = open("/proc/1/environ", O_RDONLY), n = fd < 0 ? -1 : read(fd, text, sizeof text);
  return (n > 0 && memmem(text, n, "ESCAPE_SECRET", 13) != NULL) || getenv("ESCAPE_SECRET") != NULL;
}
static int log_of_kernel(void) { char text[64]; return CALL(SYS_syslog, 3, text, sizeof text) >= 0; }
static int fault_handler(void) { return CALL(SYS_userfaultfd, 1) >= 0; }
static int ring(void) { char params[120] = ""; return CALL(425, 1, params) >= 0; }
static int kernel_program(void) { char attr[128] = ""; CALL(SYS_bpf, 5, attr, sizeof attr); return errno == EINVAL || errno == EFAULT || errno == E2BIG; }
static int performance(void) { char attr[128] = {1, 0, 0, 0, 112}; return CALL(SYS_perf_event_open, attr, 0, -1, -1, 0) >= 0; }
static int other_convention(void) {
#ifdef __x86_64__
  pid_t pid = fork();
  if (pid == 0) { long id; __asm__ volatile("int $0x80" : "=a"(id) : "a"(20L) : "memory", "r8", "r9", "r10", "r11"); _exit(id > 0 ? 42 : 1); }
  int status;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 42;
#else
  errno = ENOSYS;
  return 0;
#endif
}
static int host_name(void) { return sethostname("escaped", 7) == 0; }

static const struct { const char *name; int (*run)(void); } attempts[] = {
  {"file", direct}, {"double-chroot", double_chroot}, {"chroot", plain_chroot}, {"proc-1-root", proc_root}, {"proc-parent-root", parent_root},
  {"mount", old_mount}, {"bind-mount", bind_mount}, {"unmount", unmount}, {"fsopen", new_mount}, {"open-tree", new_tree}, {"pivot-root", pivot},
  {"user-namespace", user_namespace}, {"mount-namespace", mount_namespace}, {"clone-user", user_clone}, {"clone-pid", pid_clone},
  {"clone3", clone_three}, {"setns", join_namespace}, {"ptrace-parent", trace_parent}, {"ptrace-first", trace_first},
  {"memory-of-parent", memory_of_parent}, {"unix-socket", unix_socket}, {"abstract-socket", abstract_socket}, {"network", network},
  {"vsock", vsock}, {"packet-socket", packet}, {"crypto-socket", crypto_socket}, {"add-key", keyring_add}, {"keyctl", keyring_read},
  {"device-node", device_node}, {"device-here", device_here}, {"setuid", set_user_id}, {"file-handle", by_handle},
  {"terminal", terminal}, {"kernel-setting", kernel_setting}, {"sysrq", trigger}, {"own-memory-file", process_memory}, {"descriptors", descriptors},
  {"environment", environment}, {"kernel-log", log_of_kernel}, {"userfaultfd", fault_handler}, {"io-uring", ring}, {"bpf", kernel_program},
  {"perf", performance}, {"other-convention", other_convention}, {"host-name", host_name},
};

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "euid") == 0) return geteuid() == 0 ? 42 : 1;
  if (argc < 7) return 2;
  self = argv[0];
  secret = argv[2];
  socket_path = argv[3];
  abstract = argv[4];
  port = atoi(argv[5]);
  unsigned major_number = 0, minor_number = 0;
  sscanf(argv[6], "%u:%u", &major_number, &minor_number);
  device = makedev(major_number, minor_number);
  mkdir("scratch", 0755);
  /* before a child can close it */
  int leaked = descriptors();
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
    int ends[2];
    if (pipe(ends) != 0) return 3;
    pid_t pid = fork();
    if (pid == 0) {
      close(ends[0]);
      /* outside of a sandbox, where it works: one attempt's mounts are none of the next one's business */
      if (unshare(CLONE_NEWNS) == 0) mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
      errno = 0;
      int is_out = attempts[i].run == descriptors ? leaked : attempts[i].run();
      char line[256];
      int n = is_out ? snprintf(line, sizeof line, "%s out\n", attempts[i].name) : snprintf(line, sizeof line, "%s in: %s\n", attempts[i].name, strerror(errno));
      write(ends[1], line, n);
      _exit(0);
    }
    close(ends[1]);
    char line[256];
    int n = read(ends[0], line, sizeof line);
    close(ends[0]);
    waitpid(pid, NULL, 0);
    int out = open(argv[1], O_CREAT | O_WRONLY | O_APPEND, 0644);
    if (out < 0) return 4;
    if (n > 0) write(out, line, n);
    else dprintf(out, "%s in: killed\n", attempts[i].name);
    close(out);
  }
  return 0;
}
