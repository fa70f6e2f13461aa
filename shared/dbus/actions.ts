// SPDX-License-Identifier: LGPL-2.1-or-later
type Allow = 'yes' | 'no' | 'auth_admin' | 'auth_admin_keep';

export interface ActionSpec {
  readonly description: string;
  /** The sentence of the password dialog when the service gives none for the case at hand. */
  readonly message: string;
  /** Somebody without a session on this seat (ssh, cron). */
  readonly any: Allow;
  readonly inactive: Allow;
  readonly active: Allow;
}

const admin = { any: 'auth_admin', inactive: 'no', active: 'auth_admin_keep' } as const;
const everyTime = { any: 'auth_admin', inactive: 'no', active: 'auth_admin' } as const;
const free = { any: 'auth_admin', inactive: 'no', active: 'yes' } as const;
/** Looking needs no password, whoever looks; an administrator's rule can still forbid it. */
const looking = { any: 'yes', inactive: 'yes', active: 'yes' } as const;

const rpmostree = 'org.projectatomic.rpmostree1';

/** Every polkit action with its defaults; assets/system/org.treeline.policy says the same (a test compares). */
export const actionTable = {
  [`${rpmostree}.client-management`]: {
    description: 'Announce a client of the update service',
    message: 'Authentication is required to announce a client',
    ...looking,
  },
  [`${rpmostree}.install-uninstall-packages`]: {
    description: 'Install and remove packages',
    message: 'Authentication is required to install or remove packages',
    ...admin,
  },
  [`${rpmostree}.install-local-packages`]: {
    description: 'Install a local package',
    message: 'Authentication is required to install a package from a file',
    ...everyTime,
  },
  [`${rpmostree}.override`]: {
    description: 'Replace or remove base packages',
    message: 'Authentication is required to override base packages',
    ...admin,
  },
  [`${rpmostree}.deploy`]: {
    description: 'Deploy a chosen version',
    message: 'Authentication is required to deploy another version',
    ...admin,
  },
  [`${rpmostree}.upgrade`]: {
    description: 'Stage a signed update',
    message: 'Authentication is required to update the system',
    ...free,
  },
  [`${rpmostree}.rebase`]: {
    description: 'Switch to another source',
    message: 'Authentication is required to switch the system to another source',
    ...admin,
  },
  [`${rpmostree}.rollback`]: {
    description: 'Go back to the previous version',
    message: 'Authentication is required to go back to the previous version',
    ...admin,
  },
  [`${rpmostree}.bootconfig`]: {
    description: 'Change the boot configuration',
    message: 'Authentication is required to change the boot configuration',
    ...admin,
  },
  [`${rpmostree}.reload-daemon`]: {
    description: 'Read the configuration again',
    message: 'Authentication is required to reload the update service',
    ...free,
  },
  [`${rpmostree}.cancel`]: {
    description: 'Cancel somebody else’s job',
    message: 'Authentication is required to cancel the running job',
    ...admin,
  },
  [`${rpmostree}.cleanup`]: {
    description: 'Delete cached data and deployments',
    message: 'Authentication is required to clean up',
    ...admin,
  },
  [`${rpmostree}.repo-refresh`]: {
    description: 'Fetch repository metadata',
    message: 'Authentication is required to refresh metadata',
    ...free,
  },
  [`${rpmostree}.repo-modify`]: {
    description: 'Change package repositories',
    message: 'Authentication is required to change package repositories',
    ...admin,
  },
  [`${rpmostree}.finalize-deployment`]: {
    description: 'Release a locked deployment and restart',
    message: 'Authentication is required to finalize the deployment',
    ...admin,
  },
  'org.treeline.check': {
    description: 'Look for an update',
    message: 'Authentication is required to look for an update',
    ...looking,
  },
  'org.treeline.upload': {
    description: 'Send files to the update service',
    message: 'Authentication is required to send a file to the update service',
    ...free,
  },
  'org.treeline.upgrade-unverified': {
    description: 'Stage an update whose source demands no signature',
    message: 'Authentication is required to stage an update that nobody signed',
    ...admin,
  },
  'org.treeline.pin': {
    description: 'Keep or release a deployment',
    message: 'Authentication is required to pin or unpin a deployment',
    ...admin,
  },
  'org.treeline.undeploy': {
    description: 'Delete a deployment',
    message: 'Authentication is required to delete a deployment',
    ...admin,
  },
  'org.treeline.set-default': {
    description: 'Choose the deployment that starts next',
    message: 'Authentication is required to choose what starts next',
    ...admin,
  },
  'org.treeline.restart': {
    description: 'Restart to finish an update',
    message: 'Authentication is required to restart',
    ...free,
  },
  'org.treeline.restart-anyway': {
    description: 'Restart although a program or another person stands against it',
    message: 'Authentication is required to restart while others are working',
    ...admin,
  },
  'org.treeline.remote-modify': {
    description: 'Change where updates come from',
    message: 'Authentication is required to change a remote',
    ...admin,
  },
  'org.treeline.restore-etc': {
    description: 'Put defaults of /etc back',
    message: 'Authentication is required to put a default of /etc back',
    ...admin,
  },
  'org.treeline.change-together': {
    description: 'Change packages and settings of the system in one step',
    message: 'Authentication is required to change packages and settings',
    ...everyTime,
  },
  'org.treeline.trust-key': {
    description: 'Trust a key that signs updates',
    message: 'Authentication is required to trust a key',
    ...everyTime,
  },
} as const satisfies Record<string, ActionSpec>;

export type ActionId = keyof typeof actionTable;

/** One question in place of several: about what one call changes together, if each of it can be had for a password. Where updates come from isn't among it. */
export const together: { readonly action: ActionId; readonly instead: readonly ActionId[] } = {
  action: 'org.treeline.change-together',
  instead: [
    `${rpmostree}.install-uninstall-packages`,
    `${rpmostree}.install-local-packages`,
    `${rpmostree}.override`,
    `${rpmostree}.deploy`,
    `${rpmostree}.bootconfig`,
  ],
};
