// SPDX-License-Identifier: LGPL-2.1-or-later
import { composeErrors } from './compose-codes.ts';

/** What a person reads for a code. `{name}` is replaced by the report's fields or facts; a sentence whose fact is missing is dropped. */
export interface ErrorText {
  readonly title: string;
  readonly explanation: string;
  readonly next: string;
}

const define = <T extends Record<string, readonly [string, string, string]>>(table: T): T => table;

/** title, explanation, next step. Sorted by area; D-Bus error name = `org.treeline.Error.` + code in CamelCase (see ./names.ts). */
export const errorTable = define({
  ...composeErrors,
  'internal.unexpected': ['Something unexpected went wrong', '{detail}', 'Try again. If it happens again, copy the details into a report.'],
  'internal.worker-crashed': [
    'The job stopped unexpectedly',
    'The process that did the work ended with {detail} while: {subject}.',
    'Nothing half-done is used. Try again.',
  ],
  'internal.protocol': ['The job answered something unreadable', '{detail}', 'Check that all parts of Treeline are of the same version.'],
  'library.missing': ['A system library is missing', '{subject} could not be loaded: {detail}', 'Install it: {install}.'],
  'library.critical': ['A system library reported a fault', '{detail}', 'The result was discarded. Try again and report it if it stays.'],
  'not-supported': [
    'Not supported yet',
    '{subject} is not supported by this version of Treeline.',
    'See the change log for what is planned.',
  ],
  'command.left-out': ['Treeline leaves this out', '{subject}: {detail}.', '{instead}'],
  'usage.invalid': ['Wrong use', '{detail}', 'See --help.'],
  'job.cancelled': ['Cancelled', 'The job was cancelled. What had arrived is kept.', 'Start it again to go on.'],
  'job.paused': ['Paused', '“{subject}” was paused. What had arrived is kept.', 'Start it again to go on from there.'],
  'job.not-pausable': ['Can’t be paused', 'Only fetching can be paused, not “{subject}”.', 'Wait for it, or cancel it.'],
  'job.basis-changed': [
    'Not what was allowed',
    'Since “{subject}” was allowed, its source or the deployment that it builds on has changed. Nothing was done.',
    'Look at the state, then start it again.',
  ],
  'job.uninterruptible': ['Can’t be cancelled any more', 'The boot entries are being written.', 'Wait a moment.'],
  'restart.blocked': [
    'Something stands against a restart',
    '{detail}',
    'Wait until it is done, or restart anyway: what isn’t saved is lost.',
  ],
  'restart.bad-time': ['Not a time to restart at', '{subject}: {detail}', 'Choose a time within the next 30 days.'],
  'restart.none': ['No restart is scheduled', 'There is nothing to postpone or cancel.', 'Nothing needs doing.'],
  'restart.postpone-limit': [
    'It can’t be postponed further',
    'The restart has been postponed {times} times, first planned for {firstAt}.',
    'Cancel it and schedule another one.',
  ],
  'sysroot.busy': [
    'Another job is running',
    '{owner} has been running “{subject}” since {startedAt}.',
    'Wait for it, or cancel it in Activity.',
  ],
  'sysroot.invalid': ['Not an OSTree system', '{subject} holds no OSTree system: {detail}', 'Check the path.'],
  'sysroot.unloadable': [
    'The system can’t be read in full',
    '{subject}: {detail}',
    'Shown is what could be read all the same, and nothing is changed. Correct it, or choose another version in the boot menu.',
  ],
  'sysroot.no-time': [
    'The folder of the deployments has no date',
    '{subject} is dated 1970-01-01, which libostree takes for “never read”.',
    'Run `treeline repair`, or `touch {subject}`. Until then nothing is changed.',
  ],
  'boot.loader-missing': [
    'The boot entries can’t be found',
    '{subject}: {detail}',
    'Mount /boot if it is a file system of its own; otherwise `treeline repair` makes the link again where one set of entries is left. Until then nothing is changed.',
  ],
  'boot.entry-missing': [
    'The running system has no boot entry',
    'No file in {subject} starts it.',
    'Run `treeline repair`: it writes the entry again, as the system was started. Until then nothing is changed, and another version may start next time.',
  ],
  'boot.entry-unusable': [
    'A boot entry is damaged',
    '{subject}: {detail}',
    'Correct the file. Or move it away: if it was the running system’s, `treeline repair` then writes it again. Until then nothing is changed.',
  ],
  'sysroot.not-booted': [
    'Not started from this system',
    '{subject} needs a booted deployment.',
    'Start the system from one of its deployments.',
  ],
  'sysroot.locked': ['The system is locked', 'Another program holds the lock of {subject}.', 'Wait for it to finish.'],
  'sysroot.finalize-failed': [
    'The update didn’t take',
    'Finishing {subject} at shutdown failed: {detail}',
    'Solve the cause, then stage it again.',
  ],
  'stateroot.not-found': ['No such stateroot', 'There is no stateroot “{subject}”. There are: {detail}.', 'Name one of those.'],
  'deployment.not-found': ['No such deployment', 'There is no deployment “{subject}”.', 'See the list with `treeline status`.'],
  'deployment.booted': ['This is the running system', '“{subject}” is booted and can’t be deleted.', 'Start another deployment first.'],
  'deployment.pinned': ['Pinned', '“{subject}” is pinned and is kept.', 'Unpin it first.'],
  'deployment.staged': ['Not deployed yet', '“{subject}” becomes bootable at the next restart.', 'Restart first.'],
  'deployment.only-one': ['The only system', '“{subject}” is the only bootable deployment.', 'Deploy another one first.'],
  'deployment.not-locked': ['Finalization isn’t locked', '“{subject}” is finalized at the next shutdown anyway.', 'Restart, or allow it.'],
  'deployment.none-to-roll-back': ['Nothing to go back to', 'There is only one deployment.', 'Nothing needs doing.'],
  'deployment.checksum-mismatch': [
    'A different deployment is staged',
    'Expected {subject}, found {detail}.',
    'Check with `treeline status`.',
  ],
  'update.none': ['No update', 'There is nothing newer.', 'Nothing needs doing.'],
  'update.would-lose': [
    'What was added to this system would be lost',
    'A new version can’t be built with what {subject} asks for: {detail}.',
    'Nothing was fetched or changed. Kernel arguments, going back, pinning and cleaning up stay possible. To update, update with rpm-ostree. Or remove it with rpm-ostree first: {undo}.',
  ],
  'update.rolled-back': [
    'This version was rolled back from',
    'Somebody went back from {subject} before.',
    'Take it again if that is meant, or wait for the next one.',
  ],
  'update.other-branch': [
    'Not of this branch',
    '{subject} belongs to {detail}, not to “{ref}”.',
    'Rebase to its branch, or skip the branch check.',
  ],
  'update.older': ['The offered version is older', '{subject} is older than what is booted.', 'Allow downgrades if that is meant.'],
  'origin.invalid': ['The deployment’s source is unclear', 'Deployment {subject}: {detail}', 'Rebase to a source to repair it.'],
  'origin.unreadable': [
    'A file that says where a deployment comes from is damaged',
    '{subject}: {detail}',
    'Run `treeline repair-origin DEPLOYMENT REMOTE:BRANCH`, or correct the file. Until then nothing is changed: at shutdown no update could be finalized.',
  ],
  'origin.remote-missing': ['The source was deleted', 'Remote “{subject}” isn’t configured.', 'Add it again or rebase to another.'],
  'remote.unreadable': [
    'A file that configures sources is damaged',
    '{subject}: {detail}',
    'Correct or remove the file. Until then nothing is changed: at shutdown no update could be finalized.',
  ],
  'remote.duplicate': [
    'A source is configured twice',
    'Remote “{key}” is in {subject} and in {detail}.',
    'Remove one of the two; if they say the same, `treeline repair` does. Until then nothing is changed: at shutdown no update could be finalized.',
  ],
  'remote.bad-setting': [
    'A setting of the source makes no sense',
    'Of remote “{subject}”, {key} is “{detail}”: nobody can tell what it demands, so nothing is taken from it.',
    'Write true or false; sign-verify also takes ed25519.',
  ],
  'remote.invalid-name': ['Not a possible name', '“{subject}”: {detail}', 'Use letters, digits, “.”, “_” and “-”.'],
  'remote.invalid-url': ['Not a possible address', '“{subject}”: {detail}', 'Use https://SERVER/PATH or file:///PATH.'],
  'remote.exists': ['There is one of that name', 'A source “{subject}” is configured already.', 'Choose another name, or change that one.'],
  'remote.in-use': [
    'Still in use',
    '“{subject}” is where these deployments come from: {detail}',
    'Rebase to another source first, or insist with --force: they stay, but get no updates.',
  ],
  'key.unreadable': ['No usable key', 'The file: {detail}', 'Get the public key file from the publisher again.'],
  'boot.variable': [
    'The firmware didn’t take the note for the next start',
    '{subject}: {detail}',
    'Choose the version in the boot menu at the next start.',
  ],
  'medium.unreadable': [
    'Only its owner may read it',
    '{subject} can be read by its owner alone ({detail}); fetching runs without any rights.',
    'Mount it so that all may read it (umask=022), or copy it to a readable folder.',
  ],
  'medium.nothing': ['Nothing to update from', '{subject}: {detail}', 'Write one with `treeline media create`.'],
  'medium.unverifiable': [
    'Nothing tells where this comes from',
    '{subject} holds an update for “{ref}”, whose source demands no signatures.',
    'Turn on signature checks for the source and import its key.',
  ],
  'medium.not-written': ['The medium can’t be written', '{subject}: {detail}', 'Check the path, the free space and the permissions.'],
  'remote.other-key': [
    'The file holds other keys',
    'It was to hold {subject}, but it holds: {detail}.',
    'Look at the file again before you trust it.',
  ],
  'medium.path-refused': [
    'Not a place for media',
    '“{subject}”: {detail}',
    'Mount it below /run/media, /media or /mnt, or name the folder in MediaDirectories= of /etc/treeline/treelined.conf.',
  ],
  'repo.unreachable': ['The server can’t be reached', '{subject}: {detail}', 'Check the network, then try again.'],
  'repo.http-status': ['The server refused', '{subject} answered {status}.', 'Check the address or ask its operator.'],
  'repo.not-found': ['Not on the server', '{subject} isn’t there: {detail}', 'Check the name.'],
  'repo.garbage': ['The server’s answer makes no sense', '{subject}: {detail}', 'A proxy or login page may be in between.'],
  'repo.too-large': [
    'The server’s answer is too large',
    '{subject} is larger than {limitBytes} bytes; it wasn’t read to its end.',
    'Check the address, or ask its operator: a sound repository has no such files.',
  ],
  'repo.ref-not-found': ['No such branch', 'Ref “{subject}” doesn’t exist in {repo}.', 'List the refs with `ostree remote refs`.'],
  'repo.ref-invalid': [
    'That can’t be the name of a branch',
    '“{subject}”: letters, digits and - . _, with / between parts.',
    'Correct the name.',
  ],
  'repo.signature-invalid': ['The signature is wrong', '{subject}: {detail}', 'Don’t use it. Ask who publishes it.'],
  'repo.signature-missing': ['Not signed', '{subject} carries no signature, but its source demands one.', 'Ask who publishes it.'],
  'repo.key-missing': [
    'Signed with an unknown key',
    '{subject} is signed with key {keyId}, which isn’t trusted here.',
    'Import the key after checking its fingerprint with the publisher.',
  ],
  'repo.key-expired': [
    'The key has expired',
    '{subject} is signed with key {keyId}, expired. It ended on {expiredAt}. This machine’s clock says {clock}.',
    'If the clock is right, get the renewed key from the publisher.',
  ],
  'repo.clock-wrong': [
    'The clock of this machine may be wrong',
    '{subject} was signed on {signed}, and this machine’s clock says {clock}. So its signature can’t be judged, and it isn’t used.',
    'Set the clock (timedatectl), then try again. If the clock is right, ask who publishes it.',
  ],
  'repo.certificate-time': [
    'The server’s certificate isn’t valid at this time',
    '{subject}: {detail}. This machine’s clock says {clock}.',
    'Check the clock (timedatectl). If it is right, tell the server’s operator.',
  ],
  'repo.corrupt': ['Damaged data', '{subject}: {detail}', 'Run `ostree fsck` and fetch it again.'],
  'repo.objects-damaged': [
    'Damaged on this machine',
    'Objects of commit {subject} in {repo} are damaged or missing: {count}. The first is {detail}. Nothing was staged.',
    'Run `ostree fsck --delete`, then update again.',
  ],
  'repo.locked': ['Somebody else is writing', '{subject} is being written to by {detail}.', 'Wait for it to end, or leave out --no-wait.'],
  'repo.key-needed': [
    'The summary is signed',
    'The summary of {subject} is signed, and what you ask for would replace it by one that isn’t.',
    'Name the key with --gpg-sign or --sign-ed25519, or insist with --unsigned.',
  ],
  'repo.binding': [
    'Bound to another branch',
    'Commit {subject} is bound to {detail}.',
    'Sign again with --gpg-sign or --sign-ed25519, or insist with --unsigned.',
  ],
  'repo.open': ['The repository can’t be opened', '{subject}: {detail}', 'Check path and permissions; `ostree init` makes a new one.'],
  'repo.revision-not-found': ['No such version', 'No commit “{subject}” in {repo}.', 'Check checksum, version or branch.'],
  'review.content-missing': ['Not here yet', 'The files of {subject} aren’t on this machine yet.', 'Fetch the update, then look again.'],
  'review.path-refused': ['Not a path to look at', '“{subject}”: {detail}', 'Name a file below the tree, without “..”.'],
  'review.unreadable': ['A file can’t be read', '{subject}: {detail}', 'Look as root, or check the disk.'],
  'etc.no-default': [
    'There is no default',
    'The version that runs brings no /etc/{subject}.',
    'The file is this machine’s own: keep it, or remove it.',
  ],
  'etc.machines-own': [
    'Only this machine has what is in it',
    '/etc/{subject} names this machine’s accounts, disks or identity, and its default knows nothing of them.',
    'Edit the file instead.',
  ],
  'etc.not-restored': [
    'The default can’t be put there',
    '/etc/{subject}: {detail}. Nothing was changed.',
    'Look what is there, then try again.',
  ],
  'live.not-booted': ['Not the running system', '{subject} isn’t the system that runs.', 'Only that can be changed without a restart.'],
  'live.nothing-pending': [
    'Nothing waits for a restart',
    'What runs in {subject} is what would start next.',
    'Install or upgrade something first, or name a commit with --target.',
  ],
  'live.would-replace': [
    'It would change packages that are in use',
    'Changed or removed: {subject}.',
    'Restart instead, or allow it: treeline apply-live --allow-replacement.',
  ],
  'live.unlocked': [
    'The system is unlocked in another way',
    '“{subject}” is unlocked as {detail}, which a restart doesn’t take back.',
    'Restart into a deployment that isn’t.',
  ],
  'live.interrupted': [
    'A change of the running system was interrupted',
    'It was on its way to {subject}.',
    'Finish it with `treeline apply-live`, or take it back with `treeline apply-live --reset`; then go on.',
  ],
  'live.overlay': ['/usr can’t be changed while it runs', '{detail}', 'Restart instead: what waits is started then.'],
  'disk.full': ['The disk is full', '{subject}: {detail}', 'Free some space: old deployments can be deleted in History.'],
  'disk.boot-full': ['/boot is too small', '{needBytes} bytes are needed, {freeBytes} are free.', 'Delete or unpin an old deployment.'],
  'file.unreadable': ['The file can’t be read', '{subject}: {detail}', 'Choose another file, or check its permissions.'],
  'file.unwritable': ['The file can’t be written', '{subject}: {detail}', 'Choose another place.'],
  'file.changed': [
    'The file has changed on disk',
    'Another program has written {subject} since it was opened.',
    'Load it again, or save over it.',
  ],
  'auth.denied': ['Not allowed', '{subject} isn’t allowed for {owner}.', 'Ask an administrator.'],
  'auth.dismissed': ['Not authorised', 'The password dialog was closed.', 'Try again.'],
  'auth.unavailable': ['Authorisation isn’t available', '{detail}', 'Check that polkit is running.'],
  'service.unreachable': ['The update service can’t be reached', '{detail}', 'Check that treelined is installed.'],
  'service.ended': [
    'The update service ended in the middle',
    'That was while “{subject}” was going on. Whether it was done isn’t known.',
    'See `treeline status` before you try again. The journal tells why: journalctl -b -u treelined.',
  ],
  'service.ended-done': [
    'The update service ended in the middle',
    'That was while “{subject}” was going on. The versions on this machine have changed: it was done.',
    'See `treeline status`. The journal tells why: journalctl -b -u treelined.',
  ],
  'service.ended-undone': [
    'The update service ended in the middle',
    'That was while “{subject}” was going on. Nothing about the versions on this machine has changed.',
    'Try again. The journal tells why: journalctl -b -u treelined.',
  ],
  'service.untrusted': ['The update service isn’t trustworthy', '{detail}', 'Don’t go on; ask an administrator.'],
  'service.too-many': [
    'Too much at once',
    'The update service has enough to do for this user: {subject}.',
    'Wait for the answers that are due, then try again.',
  ],
  'service.lacks': [
    'The update service doesn’t offer this',
    '{owner} doesn’t offer it: {subject}.',
    'Treeline’s own service does: install treeline-headless in place of it.',
  ],
  'service.said': ['The update service reports an error', '{detail}', 'Its journal may tell more: journalctl -u rpm-ostreed.'],
  'service.bad-call': ['A call that isn’t one', '{subject}: {detail}', 'Check the program that made it.'],
  'source.image': [
    'An image that can’t be followed',
    '“{subject}” lies elsewhere than in a registry ({detail}).',
    'Name it as ostree-unverified-registry:HOST/NAME:TAG.',
  ],
  'source.image-unproven': [
    'A remote that demands no signature',
    '“{detail}” is to be proven by the keys of {subject}, which is set up to demand none.',
    'Set gpg-verify or sign-verify of {subject}, or follow the image as ostree-unverified-registry:HOST/NAME:TAG.',
  ],
  'service.bad-refspec': ['Not a source', '{detail}', 'Write REMOTE:BRANCH.'],
  'update.driven': [
    'Another program decides about updates',
    '{subject} is registered as the driver of updates.',
    'Leave it to that, or give --bypass-driver.',
  ],
  'service.bad-argument': ['Refused argument', '{subject}: {detail}', 'Check the call.'],
  'initramfs.file': [
    'This file can’t be put into the initramfs',
    '{subject}: {detail}',
    'Correct it, or leave it out: treeline initramfs-etc --untrack={subject}',
  ],
  'initramfs.both': [
    'Two ways at once',
    'The initramfs is made on this machine, and {subject} would be laid over it as well.',
    'Give dracut the files instead (treeline initramfs --enable --arg=-I --arg=FILE), or end one of the two: treeline initramfs --disable, treeline initramfs-etc --untrack-all.',
  ],
  'kargs.drop-in': [
    'Kernel arguments of the new version can’t be used',
    '{subject}: {detail}',
    'Tell whoever makes this system; nothing was changed.',
  ],
  'kargs.not-found': ['No such kernel argument', '“{subject}” isn’t set.', 'See `treeline kargs`.'],
  'kargs.ambiguous': ['Several values', '“{subject}” is set more than once: {detail}', 'Name the value: KEY=OLD=NEW.'],
  'kargs.changed': ['The kernel arguments have changed', 'Meanwhile {subject} has: {detail}', 'Look again, then change them.'],
  'kargs.invalid': ['Not a kernel argument', '“{subject}”: {detail}', 'Use KEY, KEY=VALUE or KEY="VALUE WITH BLANKS".'],
  'rpmdb.missing': ['No package list', '{subject} holds no RPM database and no list of its packages.', 'Compose it from packages.'],
  'rpmdb.unreadable': ['The package database can’t be read', '{subject}: {detail}', 'Check that it is complete and in sqlite format.'],
  'rpmdb.not-written': ['The package database can’t be written', '{subject}: {detail}', 'Check the free space, then try again.'],
} as const);

export type ErrorCode = keyof typeof errorTable;
