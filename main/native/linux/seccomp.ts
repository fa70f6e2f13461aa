// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind, nonNull, Ptr, type Pointer } from '../core/index.ts';

/** libseccomp: seccomp_init(3), seccomp_rule_add(3), seccomp_export_bpf(3). It knows the numbers of each architecture, and ends foreign calling conventions (i386, x32). */
const init = bind('seccomp', 'seccomp_init', Ptr, ['uint32']);
const release = bind('seccomp', 'seccomp_release', 'void', [Ptr]);
const addRule = bind('seccomp', 'seccomp_rule_add_array', 'int', [Ptr, 'uint32', 'int', 'uint', Ptr]);
const resolveName = bind('seccomp', 'seccomp_syscall_resolve_name', 'int', ['str']);
const exportBpf = bind('seccomp', 'seccomp_export_bpf', 'int', [Ptr, 'int']);

/** SCMP_ACT_* of seccomp.h. */
const allow = 0x7fff0000;
const refuseWith = (errno: number): number => 0x00050000 | errno;
/** enum scmp_compare. */
const compare = { notEqual: 1, greater: 6, maskedEqual: 7 } as const;

/** __NR_SCMP_ERROR: libseccomp doesn't know the name. */
const unknownCall = -1;

const errno = koffi.os.errno as Readonly<Record<'EPERM' | 'ENOSYS' | 'EAFNOSUPPORT', number>>;

/**
 * Calls by which a program could reach out of its namespaces, or parts of the kernel that are no business of package scripts. The numbers are for a
 * libseccomp that is older than the call: since 424 they are the same on all architectures.
 */
const refused: readonly (string | readonly [name: string, number: number])[] = [
  // another root, mounts, namespaces
  ...['chroot', 'pivot_root', 'mount', 'umount', 'umount2', 'unshare', 'setns', 'swapon', 'swapoff', 'quotactl'],
  ...([
    ['open_tree', 428],
    ['move_mount', 429],
    ['fsopen', 430],
    ['fsconfig', 431],
    ['fsmount', 432],
    ['fspick', 433],
    ['mount_setattr', 442],
    ['quotactl_fd', 443],
    ['statmount', 457],
    ['listmount', 458],
    ['open_tree_attr', 467],
  ] as const),
  // other processes
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'migrate_pages', 'move_pages'],
  ...([
    ['pidfd_getfd', 438],
    ['process_madvise', 440],
    ['process_mrelease', 448],
  ] as const),
  // files by their number instead of their name
  ...['open_by_handle_at', 'lookup_dcookie'],
  // the kernel itself
  ...['init_module', 'finit_module', 'delete_module', 'create_module', 'get_kernel_syms', 'query_module', 'kexec_load', 'kexec_file_load'],
  ...[
    'bpf',
    'perf_event_open',
    'userfaultfd',
    'reboot',
    'acct',
    'syslog',
    'iopl',
    'ioperm',
    'modify_ldt',
    'nfsservctl',
    '_sysctl',
    'uselib',
  ],
  ...['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'stime', 'sethostname', 'setdomainname', 'vhangup', 'fanotify_init'],
  // keyrings aren't part of any namespace that the sandbox has
  ...['add_key', 'keyctl', 'request_key'],
];

/** Refused as by a kernel without them: their callers have another way. clone3's flags lie in memory, where no filter sees them; io_uring does calls past the filter. */
const missing: typeof refused = [
  ['clone3', 435],
  ['io_uring_setup', 425],
  ['io_uring_enter', 426],
  ['io_uring_register', 427],
];

/** CLONE_NEW* of linux/sched.h which clone(2) takes: mount, cgroup, uts, ipc, user, pid, net. */
const namespaceFlags = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
/** Writing into the terminal of whoever looks at it (tty_ioctl(4)). */
const terminalRequests = { TIOCSTI: 0x5412, TIOCLINUX: 0x541c };
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: the network namespace is empty, and the others' addresses don't all belong to one (vsock). */
const families = [1, 2, 10, 16];
const netlinkFamily = 16;
/** NETLINK_ROUTE, by which libc looks for addresses. libaudit takes "not supported" for a kernel without it. */
const routeProtocol = 0;

/** struct scmp_arg_cmp: argument, operator, two values. */
function conditions(...list: readonly (readonly [argument: number, operator: number, a: number, b?: number])[]): Buffer {
  const buffer = Buffer.alloc(24 * list.length);
  list.forEach(([argument, operator, a, b = 0], i) => {
    buffer.writeUInt32LE(argument, i * 24);
    buffer.writeUInt32LE(operator, i * 24 + 4);
    buffer.writeBigUInt64LE(BigInt(a), i * 24 + 8);
    buffer.writeBigUInt64LE(BigInt(b), i * 24 + 16);
  });
  return buffer;
}

/**
 * Write the seccomp program (seccomp(2)) for programs that run on a tree to a file descriptor, as bwrap's --seccomp reads it. It is made for this
 * machine's architecture. Throws compose.sandbox, library.missing.
 */
export function writeScriptFilter(fd: number): void {
  const filter = nonNull(init(allow), 'a seccomp filter') as Pointer;
  try {
    const rule = (action: number, number: number, args: Buffer = Buffer.alloc(0)): void => {
      const code = addRule(filter, action, number, args.length / 24, args.length > 0 ? args : null) as number;
      if (code !== 0) throw new TreelineError('compose.sandbox', { detail: `libseccomp takes no rule for call ${number}: error ${-code}` });
    };
    const all = (calls: typeof refused, action: number): void => {
      for (const call of calls) {
        const [name, number] = typeof call === 'string' ? [call, undefined] : call;
        const known = resolveName(name) as number;
        // below zero: no such call on this architecture
        const at = known >= 0 ? known : known === unknownCall ? number : undefined;
        if (at !== undefined) rule(action, at);
      }
    };
    all(refused, refuseWith(errno.EPERM));
    all(missing, refuseWith(errno.ENOSYS));
    const call = (name: string): number => resolveName(name) as number;
    for (const flag of namespaceFlags) rule(refuseWith(errno.EPERM), call('clone'), conditions([0, compare.maskedEqual, flag, flag]));
    for (const request of Object.values(terminalRequests))
      rule(refuseWith(errno.EPERM), call('ioctl'), conditions([1, compare.maskedEqual, 0xffffffff, request]));
    const noFamily = refuseWith(errno.EAFNOSUPPORT);
    for (const name of ['socket', 'socketpair']) {
      for (let family = 0; family <= 64; family++)
        if (!families.includes(family)) rule(noFamily, call(name), conditions([0, compare.maskedEqual, 0xffffffff, family]));
      rule(noFamily, call(name), conditions([0, compare.greater, 64]));
    }
    rule(noFamily, call('socket'), conditions([0, compare.maskedEqual, 0xffffffff, netlinkFamily], [2, compare.notEqual, routeProtocol]));
    const code = exportBpf(filter, fd) as number;
    if (code !== 0) throw new TreelineError('compose.sandbox', { detail: `libseccomp can’t write its program: error ${-code}` });
  } finally {
    release(filter);
  }
}
