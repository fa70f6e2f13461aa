// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './advisory.ts';
export * from './changes.ts';
export * from './clock.ts';
export * from './commit-meta.ts';
export * from './deployed-packages.ts';
export * from './deployment.ts';
export * from './dropped.ts';
export * from './evr.ts';
export * from './kernel-args.ts';
export * from './option-table.ts';
export * from './package.ts';
export * from './refspec.ts';
export * from './stock-values.ts';
export * from './version.ts';
export type { Decoded } from './type-strings.ts';
export * from './time.ts';
// what crosses borders as JSON: types out of the validators, which only who parses loads (schemas/index.ts)
export type {
  Advisory,
  AdvisoryKind,
  ChangeKind,
  ChangelogEntry,
  Evr,
  Package,
  PackageChange,
  PackageComparison,
  PackageDetails,
  Severity,
} from './schemas/package.ts';
export type { ImageTier, ImageUpdate, ImageWarning, UnknownOfImage } from './schemas/image.ts';
export type {
  AvailableUpdate,
  CheckState,
  FinalizeFailure,
  GpgFacts,
  OfferedVersion,
  OriginLoss,
  Signature,
  UpdateDetails,
  UpdateSizes,
} from './schemas/update.ts';
export type {
  ArgChanges,
  ClientLayer,
  CommitMeta,
  Deployment,
  DiskUse,
  HistoryEntry,
  LiveChange,
  HostSnapshot,
  HostState,
  JobPhase,
  JobState,
  Layering,
  MetaValue,
  NotRemoved,
  Origin,
  Progress,
  RestartBlocker,
  ScheduledRestart,
  ServiceInfo,
  WhatsNew,
} from './schemas/host.ts';
export type { DeployedPackage, DeployedPackages, LayerPackage, PackageInfo, PackagePlan, UpdatePlan } from './schemas/deployed-package.ts';
export type { FoundPackage, OfferedKeys, PackageRepo, PackageRepos, PackageSearch } from './schemas/package-repo.ts';
export type { Medium, Remote, RemoteKey, RemoteRef, RemoteVersion } from './schemas/remote.ts';
export type {
  EtcDifference,
  EtcDrift,
  EtcEntry,
  EtcFile,
  EtcOwnFile,
  EtcPreview,
  EtcProblem,
  EtcRestored,
  EtcSide,
  FileSide,
  FileType,
  ReviewSummary,
  TreeChange,
  TreeDiff,
  TreeFile,
} from './schemas/review.ts';
export type {
  AvailablePackage,
  ComposeAbility,
  ComposeCheck,
  ComposePlan,
  ComposeRelease,
  ComposeResult,
  PlannedPackage,
  TreefileKey,
} from './schemas/compose.ts';
