// SPDX-License-Identifier: LGPL-2.1-or-later
import { iface } from './names.ts';
import { args, guarded, read, type InterfaceSpec } from './table.ts';
import { packageMethods } from './treeline-packages.ts';
import { remoteMethods } from './treeline-remotes.ts';
import { bootOnceMethods, restartMethods, restartSignals } from './treeline-restart.ts';
import { reviewMethods } from './treeline-review.ts';
import { uploadMethods } from './treeline-uploads.ts';
import { deploymentIdProblem, first, optionsProblem, refspecProblem, revisionProblem } from './validate.ts';

const address = 's transaction_address';

/** What rpm-ostree's API lacks, on its Sysroot object. A type with a capital is one JSON document (shared/domain/schemas), '' where one with `?` isn't there. */
export const treelineSysrootInterface = {
  name: iface.treelineSysroot,
  methods: {
    /** Everything about the host at once. */
    Snapshot: read('', 'HostState json'),
    /** What was done to the system, newest first. */
    History: read('u limit', 'HistoryEntry[] json', { what: 'A history' }),
    /** What is free, and what each deployment takes. */
    DiskUse: read('', 'DiskUse json'),
    /** The last error reply that this caller got: rpm-ostree's error names hold less than ours. */
    LastError: read('', 'ErrorReport? json'),
    /** Keep a deployment until it is unpinned. */
    Pin: guarded(
      's deployment_id, b pinned, a{sv} options',
      address,
      'org.treeline.pin',
      ([id, pinned]) => `${pinned ? 'pin' : 'unpin'} ${id}`,
      {
        what: 'Pinning',
        problem: ([id, , options]) => first(deploymentIdProblem(id), optionsProblem(options)),
        details: ([id, pinned]) => ({ deployment: id, pinned: String(pinned) }),
      },
    ),
    /** Delete one deployment; not the booted one. */
    Undeploy: guarded('s deployment_id, a{sv} options', address, 'org.treeline.undeploy', ([id]) => `delete ${id}`, {
      what: 'Deleting one deployment',
      problem: ([id, options]) => first(deploymentIdProblem(id), optionsProblem(options)),
      details: ([id]) => ({ deployment: id }),
    }),
    /** Give a deployment whose origin file is damaged a source, REMOTE:BRANCH, again. */
    RepairOrigin: guarded(
      's deployment_id, s refspec, a{sv} options',
      address,
      'org.projectatomic.rpmostree1.rebase',
      ([id, refspec]) => `give ${id} the source ${refspec}`,
      {
        what: 'Repairing an origin file',
        problem: ([id, refspec, options]) => first(deploymentIdProblem(id), refspecProblem(refspec), optionsProblem(options)),
        details: ([id, refspec]) => ({ deployment: id, refspec: refspec }),
      },
    ),
    /** Mend what keeps libostree from loading the system (Problem), where that is safe; else the job fails with it. */
    Repair: guarded('a{sv} options', address, 'org.projectatomic.rpmostree1.rebase', 'repair what keeps the system from being read', {
      what: 'Repairing the system',
      problem: ([options]) => optionsProblem(options),
    }),
    /** Cancel the running job; one's own needs no permission. */
    Cancel: guarded('', '', 'org.projectatomic.rpmostree1.cancel', 'cancel the running job'),
    ...restartMethods,
    ...remoteMethods,
  },
  properties: {
    /** Of Treeline. */
    Version: 's',
    /** True in the demo’s simulated host. */
    Simulated: 'b',
    /** What the last check of the booted (or default) stateroot found. */
    CheckState: 'CheckState',
    /** '' if the last shutdown went well. */
    FinalizeFailure: 'FinalizeFailure?',
    /** Why the system can't be loaded as it is; '' if it can. Deployments are what could be read all the same. */
    Problem: 'ErrorReport?',
    /** '' if none: the countdown is its `at` minus the time of day. */
    ScheduledRestart: 'ScheduledRestart?',
  },
  signals: {
    /** Start, progress (at most every 300 ms) and end of the running job. */
    JobChanged: args('JobState job'),
    /** Something in Snapshot() is different now: `deployments`, `check`, `job`, `config`, `restart`, `remotes`, `package-repos`. */
    Changed: args('s what'),
    ...restartSignals,
  },
} as const satisfies InterfaceSpec;

export const treelineOsInterface = {
  name: iface.treelineOs,
  methods: {
    /** Ask the source for something newer; the result is in CheckState. A failed check is a successful job. */
    Check: guarded('a{sv} options', address, 'org.treeline.check', 'look for an update', {
      problem: ([options]) => optionsProblem(options),
    }),
    /** What the pending update holds, or a commit. */
    UpdateDetails: read('s checksum', 'UpdateDetails json', { problem: ([checksum]) => revisionProblem(checksum, true) }),
    /** What changed between two deployments. */
    CompareDeployments: read('s from_id, s to_id', 'PackageComparison json', {
      problem: ([from, to]) => first(deploymentIdProblem(from), deploymentIdProblem(to)),
    }),
    /** Start this deployment from now on. */
    SetDefault: guarded('s deployment_id, a{sv} options', address, 'org.treeline.set-default', ([id]) => `start ${id} from now on`, {
      what: 'Choosing any deployment',
      problem: ([id, options]) => first(deploymentIdProblem(id), optionsProblem(options)),
      details: ([id]) => ({ deployment: id }),
    }),
    ...bootOnceMethods,
    ...packageMethods,
    ...uploadMethods,
    ...reviewMethods,
  },
  properties: { CheckState: 'CheckState' },
  signals: {},
} as const satisfies InterfaceSpec;
