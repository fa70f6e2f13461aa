// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * The compose commands of rpm-ostree 2026.2 with their options (long names), which the reference compares ours with. A reason says why one is
 * refused; what has none must be in our command line.
 */
export const composeOptions: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  tree: {
    ...names('--repo --layer-repo --unified-core --ex-unified-core'),
    ...names('--force-nocache --cache-only --cachedir --source-root --download-only --download-only-rpms --proxy --dry-run --print-only'),
    ...names('--disable-selinux --touch-if-changed --previous-commit --previous-inputhash --previous-version --workdir --workdir-tmpfs'),
    ...names('--postprocess --ex-write-lockfile-to --ex-lockfile --ex-lockfile-strict'),
    ...names('--add-metadata-string --add-metadata-from-json --write-commitid-to --write-composejson-to --no-parent --parent'),
  },
  install: {
    ...names('--repo --unified-core --force-nocache --cache-only --cachedir --source-root --proxy --disable-selinux --workdir'),
    ...names('--postprocess --ex-write-lockfile-to --ex-lockfile --ex-lockfile-strict'),
    ...refused(
      '--download-only --download-only-rpms --dry-run --print-only --touch-if-changed --previous-commit --previous-inputhash --previous-version',
      'nothing is compared or committed here; compose tree has it',
    ),
    ...refused('--layer-repo', 'layers come from --repo'),
    ...refused('--workdir-tmpfs', 'trees are assembled by hard links beside the cache'),
  },
  postprocess: {},
  commit: {
    ...names('--repo --add-metadata-string --add-metadata-from-json --write-commitid-to --write-composejson-to --no-parent --parent'),
    ...refused('--layer-repo', 'the tree is finished; layers are put over it before, by compose tree'),
  },
  extensions: names('--unified-core --repo --layer-repo --output-dir --base-rev --cachedir --rootfs --touch-if-changed'),
  image: {
    ...names('--cachedir --source-root --authfile --layer-repo --initialize --initialize-mode --format --force-nocache --offline'),
    ...names('--write-lockfile-to --lockfile --lockfile-strict --label --image-config --touch-if-changed --copy-retry-times --max-layers'),
  },
  rootfs: {
    ...names('--cachedir --source-root --lockfile'),
    ...refused('--source-root-rw', 'nothing of the source root is written to: use --source-root'),
    ...refused('--ostree-repo', 'a plain directory is written; compose tree commits'),
  },
  'build-chunked-oci': names(
    '--rootfs --from --bootc --format-version --label --sign-commit --max-layers --previous-build --reference --output',
  ),
  'container-encapsulate': names(
    '--repo --label --image-config --arch --copymeta --copymeta-opt --cmd --max-layers --format-version --write-contentmeta-json --compare-with-build --previous-build-manifest',
  ),
};

function names(list: string): Record<string, null> {
  return Object.fromEntries(list.split(' ').map((name) => [name, null]));
}

function refused(list: string, reason: string): Record<string, string> {
  return Object.fromEntries(list.split(' ').map((name) => [name, reason]));
}
