// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LayerOptions, LayerOutcome, LayerPort } from '../engine/base/ports/layers.ts';
import { withoutTrackedFiles } from '../engine/host/initramfs/tracked-files.ts';
import { packageRepos, type PackageRepos, type RepoChoice } from '../engine/host/package-repos/index.ts';
import { packageCachedir, type StateDir } from '../engine/host/sysroot/index.ts';
import { runJob, type JobContext } from '../engine/jobs/index.ts';
import { changeRequests } from '../engine/layering/change-requests.ts';
import { needOwnTree, needPackages, readRequests, writeRequests } from '../engine/layering/requests.ts';
import { usersOfMachine } from '../engine/layering/machine-users.ts';
import { knownFields } from '../files/index.ts';
import { checkoutSubpath } from '../native/ostree/checkout.ts';
import type { Repo, Sysroot } from '../native/ostree/index.ts';

/** Repositories are those of the system that runs, $releasever is that of the base to come. */
function reposFor(repo: Repo, base: string, root: string, database: string | undefined, choice: RepoChoice): PackageRepos {
  if (database !== undefined)
    return packageRepos({ root, base: existsSync(path.join(database, 'usr/lib/os-release')) ? database : root, ...choice });
  const release = mkdtempSync(path.join(tmpdir(), 'treeline-release-'));
  try {
    const directory = path.join(release, 'usr/lib');
    mkdirSync(directory, { recursive: true });
    checkoutSubpath(repo, base, 'usr/lib/os-release', directory);
    return packageRepos({ root, base: release, ...choice });
  } finally {
    rmSync(release, { recursive: true, force: true });
  }
}

const choiceOf = ({ enablerepo, disablerepo, releasever }: LayerOptions): RepoChoice =>
  knownFields({ enable: enablerepo, disable: disablerepo, releasever: releasever || undefined });

/** What comes onto a base is made by a job of its own: it works on packages, and is put behind walls. `worker`: its program. */
export function layerPort(sysroot: Sysroot, dir: StateDir, worker: string): LayerPort {
  return {
    wanted: (originText) => needOwnTree(readRequests(originText)),
    change(originText, change) {
      const text = writeRequests(originText, changeRequests(readRequests(originText), change));
      return change.noInitramfs ? withoutTrackedFiles(text) : text;
    },
    settle: (originText, { setAside }) => {
      const requests = readRequests(originText);
      return requests.setAside.join() === setAside.join() ? originText : writeRequests(originText, { ...requests, setAside });
    },
    async keep(files, context) {
      const running = runJob(
        'layer.import-local',
        { repo: sysroot.repo.path, files },
        { worker, onEvent: (event) => event.type === 'message' && context.message(event.text) },
      );
      return (await running.done).packages;
    },
    async make(request, context, progress): Promise<LayerOutcome> {
      const {
        osname,
        base,
        version,
        database,
        originText,
        current,
        newRequests,
        allowInactive,
        cacheOnly,
        downloadOnly,
        dryRun,
        recommends,
      } = request;
      const merge = sysroot.mergeDeployment(osname);
      const root = merge?.booted ? '/' : path.join(sysroot.path, merge?.directory ?? '');
      const requests = readRequests(originText);
      // without packages no repository is asked for them
      const { repos, releasever } = needPackages(requests)
        ? reposFor(sysroot.repo, base, root, database, choiceOf(request))
        : { repos: [], releasever: '' };
      const etc = merge && requests.initramfs.regenerate ? realpathSync(path.join(sysroot.path, merge.directory, 'etc')) : undefined;
      const params = {
        repo: sysroot.repo.path,
        ...{ base, version, current, repos, releasever, users: usersOfMachine(root), recommends: recommends ?? true },
        requests,
        ...knownFields({ etc, database }),
        ...{ newRequests, allowInactive },
        cachedir: packageCachedir(dir.cache),
        ...{ cacheOnly: cacheOnly ?? false, downloadOnly: downloadOnly ?? false, dryRun: dryRun ?? false },
      };
      const tasks = new Tasks(context);
      const running = runJob('layer.make', params, {
        worker,
        onEvent: (event) => {
          if (event.type === 'progress') progress(event.progress.fraction, event.progress);
          if (event.type === 'message') context.message(event.text);
          if (event.type === 'task') tasks.tell(event.text, event.done);
        },
      });
      return await running.done;
    },
  };
}

/** Tasks of another process, announced as one's own. */
class Tasks {
  readonly #context: JobContext;
  readonly #open = new Map<string, () => void>();

  constructor(context: JobContext) {
    this.#context = context;
  }

  tell(text: string, done: boolean): void {
    if (done) {
      this.#open.get(text)?.();
      this.#open.delete(text);
      return;
    }
    void this.#context.task(text, () => new Promise<void>((resolve) => this.#open.set(text, resolve)));
  }
}
