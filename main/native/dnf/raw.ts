// SPDX-License-Identifier: LGPL-2.1-or-later
/** Declarations of libdnf (0.69 headers in /usr/include/libdnf). Synchronous calls only: libsolv needs more stack than asynchronous ones have. */
import koffi from 'koffi';
import { bind, bindChecked, bindOptional, bindStatus, ownedStr, Ptr, type CType, type Value } from '../core/index.ts';
import { dnfError } from './errors.ts';

const IntOut = koffi.out(koffi.pointer('int'));
const Strings = koffi.pointer('str');
const fn = (name: string, result: CType, parameters: CType[]): ((...args: Value[]) => unknown) => bind('dnf', name, result, parameters);
const checked = (name: string, result: CType, parameters: CType[]): ((...args: Value[]) => unknown) =>
  bindChecked('dnf', name, result, parameters, dnfError);
/** 0, or libdnf's number of an error. */
const status = (name: string, parameters: CType[]): ((...args: Value[]) => void) => bindStatus('dnf', name, parameters);
const contextString = (key: string): ((...args: Value[]) => unknown) => fn(`dnf_context_set_${key}`, 'void', [Ptr, 'str']);

export const context = {
  create: fn('dnf_context_new', Ptr, []),
  setup: checked('dnf_context_setup', 'int', [Ptr, Ptr]),
  setupSack: checked('dnf_context_setup_sack_with_flags', 'int', [Ptr, Ptr, 'int']),
  sack: fn('dnf_context_get_sack', Ptr, [Ptr]),
  goal: fn('dnf_context_get_goal', Ptr, [Ptr]),
  repos: fn('dnf_context_get_repos', Ptr, [Ptr]),
  transaction: fn('dnf_context_get_transaction', Ptr, [Ptr]),
  baseArch: fn('dnf_context_get_base_arch', 'str', [Ptr]),
  setRepoDir: contextString('repo_dir'),
  setCacheDir: contextString('cache_dir'),
  setSolvDir: contextString('solv_dir'),
  setLockDir: contextString('lock_dir'),
  setInstallRoot: contextString('install_root'),
  setReleaseVer: contextString('release_ver'),
  setProxy: contextString('http_proxy'),
  setPlatformModule: contextString('platform_module'),
  setVarsDir: fn('dnf_context_set_vars_dir', 'void', [Ptr, Strings]),
  setCacheAge: fn('dnf_context_set_cache_age', 'void', [Ptr, 'uint']),
  setCacheOnly: fn('dnf_context_set_cache_only', 'void', [Ptr, 'int']),
  setWriteHistory: fn('dnf_context_set_write_history', 'void', [Ptr, 'int']),
  setKeepCache: fn('dnf_context_set_keep_cache', 'void', [Ptr, 'int']),
  setConfigFile: fn('dnf_context_set_config_file_path', 'void', ['str']),
  /** libdnf 0.73 and later load lists of files only when they are told to (rpm-software-management/libdnf#1642). */
  setEnableFilelists: bindOptional('dnf', 'dnf_context_set_enable_filelists', 'void', [Ptr, 'int']),
  disablePlugins: fn('dnf_context_set_plugins_all_disabled', 'void', ['int']),
};

/** DnfContextSetupSackFlags of dnf-context.h. */
export const sackFlags = { skipRpmdb: 2, skipFilelists: 4, loadUpdateinfo: 8 } as const;

export const state = { create: fn('dnf_state_new', Ptr, []), reset: bindStatus('dnf', 'dnf_state_reset', [Ptr], (done) => done === 1) };

export const repo = {
  id: fn('dnf_repo_get_id', 'str', [Ptr]),
  enabled: fn('dnf_repo_get_enabled', 'int', [Ptr]),
  timestamp: fn('dnf_repo_get_timestamp_generated', 'uint64', [Ptr]),
  setRequired: fn('dnf_repo_set_required', 'void', [Ptr, 'int']),
  /** DnfRepoEnabled of dnf-repo.h; 0: not at all. */
  setEnabled: fn('dnf_repo_set_enabled', 'void', [Ptr, 'int']),
  /** The directory of its metadata. */
  location: fn('dnf_repo_get_location', 'str', [Ptr]),
  /** Where metadata of a kind lies; null when the repository has none. */
  metadataFile: fn('dnf_repo_get_filename_md', 'str', [Ptr, 'str']),
  check: checked('dnf_repo_check', 'int', [Ptr, 'uint', Ptr]),
  update: checked('dnf_repo_update', 'int', [Ptr, 'int', Ptr]),
  setData: checked('dnf_repo_set_data', 'int', [Ptr, 'str', 'str']),
  /** The repository's LrHandle, with its settings. */
  handle: fn('dnf_repo_get_lr_handle', Ptr, [Ptr]),
};

/** DnfGoalActions of dnf-goal.h / hy-goal.h. */
export const goalFlags = { install: 1 << 4, allowUninstall: 1 << 10, ignoreWeakDeps: 1 << 13, allowDowngrade: 1 << 14 } as const;
export const goal = {
  create: fn('hy_goal_create', Ptr, [Ptr]),
  free: fn('hy_goal_free', 'void', [Ptr]),
  depsolve: checked('dnf_goal_depsolve', 'int', [Ptr, 'int']),
  erase: status('hy_goal_erase', [Ptr, Ptr]),
  install: status('hy_goal_install', [Ptr, Ptr]),
  installSelector: checked('hy_goal_install_selector', 'int', [Ptr, Ptr]),
  installs: checked('hy_goal_list_installs', Ptr, [Ptr]),
  upgrades: checked('hy_goal_list_upgrades', Ptr, [Ptr]),
  downgrades: checked('hy_goal_list_downgrades', Ptr, [Ptr]),
  reinstalls: checked('hy_goal_list_reinstalls', Ptr, [Ptr]),
  erasures: checked('hy_goal_list_erasures', Ptr, [Ptr]),
  obsoleted: checked('hy_goal_list_obsoleted', Ptr, [Ptr]),
  obsoletedBy: fn('hy_goal_list_obsoleted_by_package', Ptr, [Ptr, Ptr]),
  brokenPackages: fn('hy_goal_broken_dependency_all_pkgs', Ptr, [Ptr, 'int']),
  conflictingPackages: fn('hy_goal_conflict_all_pkgs', Ptr, [Ptr, 'int']),
};

/** _hy_key_name_e and _hy_comparison_type_e of hy-types.h. */
export const key = { package: 0, arch: 2, file: 7, name: 8, nevra: 9, obsoletes: 10, provides: 11, reponame: 13, summary: 16 } as const;
export const compare = { icase: 1 << 0, eq: 1 << 8, neq: (1 << 8) | (1 << 1), lt: 1 << 9, substr: 1 << 11, glob: 1 << 12 } as const;
export const ignoreExcludes = 1;
/** HY_SYSTEM_REPO_NAME of hy-types.h: what is installed. */
export const systemRepo = '@System';
/** HY_CMDLINE_REPO_NAME: package files that no repository has. */
export const filesRepo = '@commandline';
export const query = {
  create: fn('hy_query_create_flags', Ptr, [Ptr, 'int']),
  free: fn('hy_query_free', 'void', [Ptr]),
  filter: status('hy_query_filter', [Ptr, 'int', 'int', 'str']),
  filterReldep: status('hy_query_filter_reldep', [Ptr, 'int', Ptr]),
  filterPackages: status('hy_query_filter_package_in', [Ptr, 'int', 'int', Ptr]),
  union: fn('hy_query_union', 'void', [Ptr, Ptr]),
  run: fn('hy_query_run', Ptr, [Ptr]),
  runSet: fn('hy_query_run_set', Ptr, [Ptr]),
  isEmpty: fn('hy_query_is_empty', 'bool', [Ptr]),
};
export const subject = {
  create: fn('hy_subject_create', Ptr, ['str']),
  free: fn('hy_subject_free', 'void', [Ptr]),
  bestSelector: fn('hy_subject_get_best_selector', Ptr, [Ptr, Ptr, Ptr, 'bool', 'str']),
};
export const selector = {
  create: fn('hy_selector_create', Ptr, [Ptr]),
  free: fn('hy_selector_free', 'void', [Ptr]),
  setPackages: status('hy_selector_pkg_set', [Ptr, Ptr]),
  matches: fn('hy_selector_matches', Ptr, [Ptr]),
};
export const sack = {
  /** Reads lead, signature and header; NULL: they can't be read. */
  addFile: fn('dnf_sack_add_cmdline_package_nochecksum', Ptr, [Ptr, 'str']),
  addExcludes: fn('dnf_sack_add_excludes', 'void', [Ptr, Ptr]),
  /** Copies; NULL: nothing is. */
  excludes: fn('dnf_sack_get_excludes', Ptr, [Ptr]),
  moduleExcludes: fn('dnf_sack_get_module_excludes', Ptr, [Ptr]),
  /** A list that the caller frees; its strings are the sack's. */
  arches: fn('dnf_sack_list_arches', Ptr, [Ptr]),
};
export const packageSet = {
  create: fn('dnf_packageset_new', Ptr, [Ptr]),
  add: fn('dnf_packageset_add', 'void', [Ptr, Ptr]),
  free: fn('dnf_packageset_free', 'void', [Ptr]),
  count: fn('dnf_packageset_count', 'size_t', [Ptr]),
  has: fn('dnf_packageset_has', 'int', [Ptr, Ptr]),
};

const text = (name: string): ((...args: Value[]) => unknown) => fn(`dnf_package_get_${name}`, 'str', [Ptr]);
const number = (name: string): ((...args: Value[]) => unknown) => fn(`dnf_package_get_${name}`, 'uint64', [Ptr]);
export const pkg = {
  name: text('name'),
  version: text('version'),
  release: text('release'),
  arch: text('arch'),
  nevra: text('nevra'),
  epoch: number('epoch'),
  reponame: text('reponame'),
  location: text('location'),
  baseUrl: text('baseurl'),
  filename: text('filename'),
  summary: text('summary'),
  license: text('license'),
  sourcerpm: text('sourcerpm'),
  downloadSize: number('downloadsize'),
  installSize: number('installsize'),
  buildTime: number('buildtime'),
  checksum: fn('dnf_package_get_chksum', Ptr, [Ptr, IntOut]),
  requires: fn('dnf_package_get_requires', Ptr, [Ptr]),
  recommends: fn('dnf_package_get_recommends', Ptr, [Ptr]),
  conflicts: fn('dnf_package_get_conflicts', Ptr, [Ptr]),
  advisories: fn('dnf_package_get_advisories', Ptr, [Ptr, 'int']),
  isLocal: fn('dnf_package_is_local', 'int', [Ptr]),
};
let checksumHexType: ((...args: Value[]) => unknown) | undefined;
export const checksumHex = (bytes: Value, type: Value): string => {
  checksumHexType ??= fn('hy_chksum_str', ownedStr(), [Ptr, 'int']);
  return String(checksumHexType(bytes, type));
};
export const checksumName = fn('hy_chksum_name', 'str', ['int']);

export const reldeps = {
  count: fn('dnf_reldep_list_count', 'int', [Ptr]),
  at: fn('dnf_reldep_list_index', Ptr, [Ptr, 'int']),
  freeList: fn('dnf_reldep_list_free', 'void', [Ptr]),
  free: fn('dnf_reldep_free', 'void', [Ptr]),
  text: fn('dnf_reldep_to_string', 'str', [Ptr]),
};

export const download = {
  ensureRepos: checked('dnf_transaction_ensure_repo_list', 'int', [Ptr, Ptr]),
  packages: checked('dnf_package_array_download', 'int', [Ptr, 'str', Ptr]),
};

const advisoryText = (name: string): ((...args: Value[]) => unknown) => fn(`dnf_advisory_get_${name}`, 'str', [Ptr]);
export const advisory = {
  id: advisoryText('id'),
  title: advisoryText('title'),
  severity: advisoryText('severity'),
  description: advisoryText('description'),
  kind: fn('dnf_advisory_get_kind', 'int', [Ptr]),
  updated: fn('dnf_advisory_get_updated', 'uint64', [Ptr]),
  packages: fn('dnf_advisory_get_packages', Ptr, [Ptr]),
  references: fn('dnf_advisory_get_references', Ptr, [Ptr]),
  packageName: fn('dnf_advisorypkg_get_name', 'str', [Ptr]),
  packageEvr: fn('dnf_advisorypkg_get_evr', 'str', [Ptr]),
  packageArch: fn('dnf_advisorypkg_get_arch', 'str', [Ptr]),
  referenceKind: fn('dnf_advisoryref_get_kind', 'int', [Ptr]),
  referenceId: fn('dnf_advisoryref_get_id', 'str', [Ptr]),
  referenceTitle: fn('dnf_advisoryref_get_title', 'str', [Ptr]),
  referenceUrl: fn('dnf_advisoryref_get_url', 'str', [Ptr]),
};
