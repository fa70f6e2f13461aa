import { appendFileSync, existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { JobContext } from '../jobs/index.ts';
import type { DiskPort } from '../ports/disk.ts';
import { fillSysroot } from './fill-sysroot.ts';
import { grubEntries } from './grub.ts';
import type { AlongsideOutcome, AlongsideParams } from './params.ts';

const mark = '# --- Treeline: systems installed beside this one';

/**
 * Install a deployment into a root file system that another system lives in. That one keeps everything it has: what is added is /ostree,
 * /boot/ostree and /boot/loader, and entries in GRUB's custom.cfg, which its own configuration reads if it is there; the default stays. Throws
 * `disk-image.not-alongside` before anything is written.
 */
export function installAlongside(params: AlongsideParams, port: DiskPort, context: JobContext): AlongsideOutcome {
  const root = path.resolve(params.root);
  const checksum = port.resolve(params.repo, params.revision);
  const stateroot = params.stateroot ?? 'default';
  const grub = checkRoot(root, stateroot);
  const kernelArgs = [`root=${params.rootDevice}`, 'rw', ...(params.kernelArgs ?? [])];
  const { deployment, version } = fillSysroot(
    {
      params,
      directory: root,
      checksum,
      stateroot,
      bootloader: 'none',
      kernelArgs,
      fstab: '',
      inUse: true,
      copied: (count) => context.progress({ step: 'copy', stepIndex: 0, stepCount: 1, fraction: 0, itemsDone: count }),
    },
    port,
    context,
  );
  if (grub !== undefined) addToGrub(grub, root, stateroot);
  return { checksum, version, deploymentId: deployment.id, ...(grub === undefined ? {} : { bootMenu: path.join(grub, 'custom.cfg') }) };
}

/** GRUB's directory if there is one. */
function checkRoot(root: string, stateroot: string): string | undefined {
  const refuse = (detail: string): TreelineError => new TreelineError('disk-image.not-alongside', { subject: root, detail });
  if (process.getuid?.() !== 0) throw refuse('it needs root');
  if (!existsSync(path.join(root, 'etc')) || !existsSync(path.join(root, 'boot'))) throw refuse('it holds no system with /etc and /boot');
  if (existsSync(path.join(root, 'ostree/deploy', stateroot, 'deploy'))) throw refuse(`stateroot “${stateroot}” is there already`);
  const loader = path.join(root, 'boot/loader');
  // libostree switches a link; the directory of a system with boot entries of its own must not be taken away
  if (lstatSync(loader, { throwIfNoEntry: false }) && !lstatSync(loader).isSymbolicLink() && readdirSync(loader).length > 0)
    throw refuse('its /boot/loader is a directory with boot entries of its own');
  return ['boot/grub', 'boot/grub2'].map((name) => path.join(root, name)).find((file) => existsSync(path.join(file, 'grub.cfg')));
}

function addToGrub(grub: string, root: string, stateroot: string): void {
  const custom = path.join(grub, 'custom.cfg');
  if (existsSync(custom) && readFileSync(custom, 'utf8').includes(mark)) return;
  // paths in boot entries are those of the file system of /boot
  const separate = statSync(path.join(root, 'boot')).dev !== statSync(root).dev;
  appendFileSync(custom, `${mark}\n${grubEntries(stateroot, separate ? '' : '/boot')}`);
}
