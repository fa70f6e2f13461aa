// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays the service for page tests: TREELINE_TEST_CLIENT names this file. The test reaches it as globalThis.treelineScript through
// Playwright's evaluate; see main/app/client-source.ts for when the app takes it.

const script = {
  snapshot: undefined,
  answers: {},
  calls: [],
  snapshotListeners: new Set(),
  jobListeners: new Set(),
  composeJobListeners: new Set(),
  waiting: [],
  unanswered: [],
  setSnapshot(snapshot) {
    script.snapshot = snapshot;
    for (const resolve of script.waiting.splice(0)) resolve(snapshot);
    for (const listener of script.snapshotListeners) listener(snapshot);
  },
  emitJob(job) {
    for (const listener of script.jobListeners) listener(job);
  },
  emitComposeJob(job) {
    for (const listener of script.composeJobListeners) listener(job);
  },
  /** What a method answers from now on: `{ value }`, `{ error }` with a report's fields, or `{ pending: true }` for never. */
  answer(method, answer) {
    script.answers[method] = answer;
  },
  takeCalls() {
    return script.calls.splice(0);
  },
};
globalThis.treelineScript = script;

/** Asked again and again on the window's own account: not what a button did. */
const background = new Set(['scheduledRestart', 'whatsNew', 'media', 'restartBlockers']);

async function respond(errorOf, method, args) {
  if (!background.has(method)) script.calls.push([method, ...args]);
  const answer = script.answers[method];
  if (!answer) return undefined;
  // kept: a promise that nobody holds is collected, and with it the reply
  if (answer.pending) return new Promise((resolve) => script.unanswered.push(resolve));
  if (answer.error) throw errorOf(answer.error);
  return answer.value;
}

/** `errorOf` makes the app's own TreelineError of a report: its class is inside the app's bundle. */
export function createHostClient(errorOf) {
  const methods = [
    'checkForUpdate',
    'upgrade',
    'rollback',
    'setDefault',
    'pin',
    'undeploy',
    'repair',
    'cleanup',
    'restart',
    'cancel',
    'reload',
    'updateDetails',
    'compare',
    'history',
    'diskUse',
    'deploy',
    'pause',
    'bootOnce',
    'reviewSummary',
    'etcPreview',
    'etcFile',
    'fetchReview',
    'etcDrift',
    'etcOwnFile',
    'restoreEtc',
    'treeDiff',
    'treeFile',
    'preview',
    'remotes',
    'addRemote',
    'editRemote',
    'removeRemote',
    'inspectKey',
    'importKey',
    'remoteRefs',
    'remoteVersions',
    'rebase',
    'media',
    'upgradeFromMedium',
    'scheduledRestart',
    'scheduleRestart',
    'postponeRestart',
    'cancelScheduledRestart',
    'restartBlockers',
    'whatsNew',
    'acknowledgeWhatsNew',
    'deploymentPackages',
    'packageInfo',
    'findPackages',
    'planPackages',
    'packageVersions',
    'planUpdate',
    'updateDeployment',
    'packageRepos',
    'refreshMd',
    'modifyPackageRepo',
    'offeredKeys',
    'importPackageKey',
    'kernelArgs',
    'setInitramfs',
    'liveFs',
  ];
  return {
    ...Object.fromEntries(methods.map((method) => [method, (...args) => respond(errorOf, method, args)])),
    snapshot: () => (script.snapshot ? Promise.resolve(script.snapshot) : new Promise((resolve) => script.waiting.push(resolve))),
    onSnapshot(listener) {
      script.snapshotListeners.add(listener);
      return () => script.snapshotListeners.delete(listener);
    },
    onJob(listener) {
      script.jobListeners.add(listener);
      return () => script.jobListeners.delete(listener);
    },
    close() {},
  };
}

/** The composer: its methods' answers have `compose.` before their names. */
export function createComposeClient(errorOf) {
  const methods = ['ability', 'keys', 'check', 'foreign', 'packages', 'resolve', 'compose', 'cancel', 'createRepo', 'releases', 'release'];
  return {
    ...Object.fromEntries(methods.map((method) => [method, (...args) => respond(errorOf, `compose.${method}`, args)])),
    onJob(listener) {
      script.composeJobListeners.add(listener);
      return () => script.composeJobListeners.delete(listener);
    },
    close() {},
  };
}
