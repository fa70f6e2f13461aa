// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { LayerStore } from '../base/ports/compose-store.ts';
import type { JobContext } from '../base/ports/job.ts';
import type { ResolvedPackage } from '../base/ports/resolver.ts';
import type { RpmPackage, RpmPort } from '../base/ports/rpm.ts';
import { checkAsListed } from '../compose/build/signatures.ts';
import type { LayeringJobs } from './params.ts';
import type { LocalPackage } from './requests.ts';

type Job = LayeringJobs['layer.import-local'];

interface Ports {
  readonly openStore: (repo: string) => LayerStore;
  readonly rpm: RpmPort;
}

/**
 * Job layer.import-local: keep packages of files that somebody brought below `rpmostree/pkg`. They needn't be signed, as rpm-ostree doesn't ask for it either; what is
 * known of a signature is told. Throws package.corrupt, package.unsupported, package.payload-mismatch naming the file as its owner calls it.
 */
export function importLocal(params: Job['params'], ports: Ports, context: JobContext): Job['result'] {
  using store = ports.openStore(params.repo);
  const packages = params.files.map((file) => {
    try {
      return keep(file.path, store, ports.rpm, context);
    } catch (error) {
      if (!(error instanceof TreelineError) || !error.code.startsWith('package.')) throw error;
      throw new TreelineError(error.code, { ...error.report, subject: file.name, file: undefined }, { cause: error });
    }
  });
  return { packages };
}

function keep(file: string, store: LayerStore, rpm: RpmPort, context: JobContext): LocalPackage {
  const header = rpm.readPackage(file);
  const nevra = formatNevra(header);
  const sha256 = store.headSha256(header);
  if (store.localPackage(nevra, sha256) === undefined) {
    const pkg = asResolved(header, nevra, sha256);
    const signature = signatureText(file, nevra, rpm);
    checkAsListed(pkg, header);
    store.importPackages(
      [{ pkg, verifiedWith: '', ima: false }],
      () => header,
      () => undefined,
    );
    context.message(signature);
  }
  return { nevra, sha256 };
}

/** What is known without a key. Throws package.corrupt where the signature can’t be one. */
function signatureText(file: string, nevra: string, rpm: RpmPort): string {
  try {
    const { outcome, keyIds, detail } = rpm.verifyPackage(file, []);
    if (outcome === 'invalid') throw new TreelineError('package.corrupt', { subject: nevra, detail });
    return outcome === 'unsigned'
      ? `${nevra} isn’t signed`
      : `${nevra} is signed by ${keyIds.join(', ')}; signatures of local packages aren’t checked`;
  } catch (error) {
    // nobody asked for a signature that this librpm knows
    if (!(error instanceof TreelineError) || error.code !== 'package.unsupported') throw error;
    return `${nevra}: ${error.report.detail ?? 'its signature can’t be read'}`;
  }
}

const asResolved = (header: RpmPackage, nevra: string, sha256: string): ResolvedPackage => ({
  ...{ name: header.name, epoch: header.epoch, version: header.version, release: header.release, arch: header.arch },
  ...{ nevra, repo: '', path: header.path, remote: false, isLocal: true, downloadBytes: 0 },
  digest: { algorithm: 'sha256', hex: sha256 },
});
