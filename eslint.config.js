// SPDX-License-Identifier: LGPL-2.1-or-later
import { builtinModules } from 'node:module';
import boundaries from 'eslint-plugin-boundaries';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** The floors of the engine, and the floors of the window. */
const engine = ['engineBase', 'engineImages', 'engineHost', 'engineCompose', 'engineLayering', 'engineJobs'];
const window = ['windowI18n', 'windowModel', 'windowUi', 'windowFeature'];

/**
 * Rooms and what each may import besides itself. Between the rooms that have a tsconfig.json of their own its references say the same. `*`: each folder there is a room,
 * and may import another one of them only if its own name is in the list.
 */
const rooms = {
  domain: { at: 'shared/domain', may: ['errors'] },
  errors: { at: 'shared/errors', may: [] },
  ipc: { at: 'shared/ipc', may: ['domain', 'errors'] },
  dbus: { at: 'shared/dbus', may: ['domain', 'errors'] },
  files: { at: 'main/files', may: ['errors'] },
  engineBase: { at: 'main/engine/base', may: ['files', 'domain', 'errors'] },
  engineImages: { at: 'main/engine/images', may: ['engineBase', 'files', 'domain', 'errors'] },
  engineHost: { at: 'main/engine/host', may: ['engineBase', 'engineImages', 'files', 'domain', 'errors'] },
  engineCompose: { at: 'main/engine/compose', may: ['engineBase', 'engineImages', 'files', 'domain', 'errors'] },
  engineLayering: {
    at: 'main/engine/layering',
    may: ['engineBase', 'engineImages', 'engineHost', 'engineCompose', 'files', 'domain', 'errors'],
  },
  engineJobs: {
    at: 'main/engine/jobs',
    may: ['engineBase', 'engineImages', 'engineHost', 'engineCompose', 'engineLayering', 'files', 'domain', 'errors'],
  },
  native: { at: 'main/native', may: ['files', 'engineBase', 'domain', 'errors'] },
  worker: { at: 'main/worker', may: [...engine, 'native', 'files', 'domain', 'errors'] },
  client: { at: 'main/client', may: ['dbus', 'domain', 'errors'] },
  local: { at: 'main/local', may: ['files', 'engineJobs', 'domain', 'errors'] },
  helper: { at: 'main/helper', may: ['files', 'engineHost', 'engineCompose', 'engineJobs', 'dbus', 'domain', 'errors'] },
  cli: { at: 'main/cli', may: ['files', 'client', 'engineImages', 'engineHost', 'engineCompose', 'engineJobs', 'domain', 'errors'] },
  preload: { at: 'main/preload', may: ['ipc'] },
  app: { at: 'main/app', may: ['files', 'client', 'local', 'ipc', 'domain', 'errors'] },
  demo: { at: 'main/demo', may: ['files', 'client', 'engineHost', 'engineCompose', 'engineJobs', 'domain', 'errors'] },
  windowI18n: { at: 'renderer/i18n', may: ['domain', 'errors'] },
  windowModel: { at: 'renderer/model', may: ['windowI18n', 'ipc', 'domain', 'errors'] },
  windowUi: { at: 'renderer/ui', may: ['windowModel', 'windowI18n', 'domain', 'errors'] },
  windowFeature: { at: 'renderer/features/*', may: ['windowUi', 'windowModel', 'windowI18n', 'ipc', 'domain', 'errors'] },
  windowApp: { at: 'renderer/app', may: [...window, 'ipc', 'domain', 'errors'] },
};

/** Packages that belong to some rooms only. `node`: every module of Node itself. */
const guarded = {
  koffi: { rooms: ['main/native'], packages: ['koffi', 'koffi/*'], why: 'FFI lives in main/native only.' },
  dbus: {
    rooms: ['main/client'],
    packages: ['dbus-next', 'dbus-next/*'],
    why: 'The service and its peers speak D-Bus by shared/dbus/wire; the library is for the session bus of main/client.',
  },
  electron: { rooms: ['main/app', 'main/preload'], packages: ['electron', 'electron/*'], why: 'Electron belongs to the app.' },
  node: {
    rooms: Object.values(rooms)
      .map((room) => room.at)
      .filter((at) => (at.startsWith('main/') && at !== 'main/preload') || at === 'shared/dbus'),
    packages: ['node:*', ...builtinModules],
    why: 'This room also runs in the sandboxed window: no Node here.',
  },
};

const outsiders = (at) =>
  Object.values(guarded)
    .filter((guard) => !guard.rooms.includes(at))
    // anchored: a file of our own may be called like a package
    .map((guard) => ({
      regex: `^(?:${guard.packages.map((name) => name.replace(/[.+]/g, '\\$&').replace('*', '.*')).join('|')})$`,
      message: guard.why,
    }));

/** esbuild lowers `using` with state hoisted out of the loop: after one caught error each later round throws it again. */
const usingInLoop = {
  selector:
    ':matches(ForStatement, ForOfStatement, ForInStatement, WhileStatement, DoWhileStatement) > BlockStatement > TryStatement > BlockStatement > VariableDeclaration[kind=/using/]',
  message: 'Move the body with `using` into a function of its own: the bundler miscompiles it inside a try in a loop.',
};

/** Text of others would act on the terminal, and a reader that has gone would be an exception. */
const rawOutput = {
  selector: "MemberExpression[object.name='process'][property.name=/^(stdout|stderr)$/]",
  message: 'The command line prints through main/cli/output/terminal.ts, which escapes what isn’t ours.',
};

/** Rooms of the engine that work on composed and unpacked trees, whose content hostile packages decide: files of those are reached through main/engine/base/tree. */
const treeRooms = [
  'base/sandbox',
  'compose/treefile',
  'compose/build',
  'compose/container',
  'compose/disk',
  'host/package-repos',
  'host/review',
  'layering',
].map((name) => `main/engine/${name}`);

/** Their files that use Node's file system all the same, because they touch only what belongs to this machine: and what that is. */
const ownFiles = {
  'base/sandbox/bubblewrap.ts': 'libraries of this machine that are bound into the sandbox',
  'compose/treefile/check.ts': 'treefiles',
  'compose/build/commit-tree.ts': 'whether the target repository has a signed summary',
  'compose/build/extensions.ts': 'the cache, package files, the output directory',
  'compose/treefile/foreign-files.ts': 'who owns the treefile and what it names',
  'compose/build/input-hash.ts': 'files that the treefile names',
  'compose/build/install.ts': 'a scratch directory with a treefile',
  'compose/build/plan.ts': 'the cache and a scratch repository',
  'compose/build/postprocess.ts': 'whether files that the treefile names are there',
  'compose/treefile/repo-file.ts': '.repo files beside the treefile',
  'compose/build/retire.ts': 'the cache',
  'compose/build/rootfs.ts': 'the output directory itself, and a file beside it',
  'base/sandbox/system.ts': 'programs, libraries and settings of this machine',
  'base/sandbox/sandbox.ts': 'its work directory beside the tree',
  'compose/build/signatures.ts': 'keys that .repo files name',
  'compose/treefile/treefile-merge.ts': 'treefiles',
  'compose/build/user-checks.ts': 'the file that check-passwd names',
  'compose/build/workdir.ts': 'work directories',
  'compose/container/build-chunked.ts': 'a scratch directory',
  'compose/container/encapsulate.ts': 'a scratch directory',
  'compose/container/image-places.ts': 'images',
  'compose/container/image.ts': 'images',
  'compose/container/layer-writer.ts': 'blobs of images',
  'compose/container/unencapsulate.ts': 'blobs of images, a scratch directory',
  'compose/container/unpack.ts': 'blobs of images, the directory to unpack into',
  'compose/disk/alongside.ts': 'the machine that another system is installed beside',
  'compose/disk/create-disk.ts': 'the image and its work directory',
  'compose/disk/file-systems.ts': 'the image and scratch files',
  'compose/disk/fill-sysroot.ts': 'keys; the new repository',
  'compose/disk/grub.ts': 'the image, its /boot (made by us), modules by paths that the layer gave',
  'compose/disk/other-loaders.ts': 'the image, its /boot (made by us), files by paths that the layer gave',
  'compose/disk/programs.ts': 'programs of this machine',
  'layering/layer.ts': 'headers of packages in its work directory',
  'layering/solve.ts': 'a database and headers of packages in the work directory',
  'host/review/etc-local.ts': 'the machine’s own /etc, walked without following links; names there may be any bytes',
  'host/review/etc-preview.ts': 'files that etc-local.ts found, opened without following links',
  'host/review/etc-restore.ts': 'the machine’s own /etc, each directory opened without following links',
  'host/review/safe-file.ts': 'files of the running system, each directory opened without following links',
};

export default tseslint.config(
  { ignores: ['dist', '.cache', '.tsbuild', 'node_modules', 'assets', 'coverage', 'out'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { boundaries },
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.config.ts'] }, tsconfigRootDir: import.meta.dirname },
    },
    settings: {
      'import/resolver': { typescript: { project: './tsconfig.json' } },
      'boundaries/elements': Object.entries(rooms).map(([type, room]) => ({ type, pattern: room.at })),
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: Object.entries(rooms).map(([type, room]) => ({
            from: { element: { type } },
            allow: { to: { element: { types: { anyOf: room.at.endsWith('*') ? room.may : [type, ...room.may] } } } },
          })),
        },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // the type of a schema, by a name that errors and hovers show
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', usingInLoop],
      eqeqeq: 'error',
    },
  },
  // a file beside the rooms would have no rules
  { files: ['main/**/*.ts', 'shared/**/*.ts', 'renderer/**/*.ts', 'renderer/**/*.tsx'], rules: { 'boundaries/no-unknown-files': 'error' } },
  ...Object.values(rooms).map((room) => ({
    files: [`${room.at}/**/*.ts`, `${room.at}/**/*.tsx`],
    rules: { 'no-restricted-imports': ['error', { patterns: outsiders(room.at) }] },
  })),
  {
    files: treeRooms.map((at) => `${at}/**/*.ts`),
    ignores: Object.keys(ownFiles).map((name) => `main/engine/${name}`),
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...outsiders('main/engine/base'),
            {
              regex: '^(?:node:)?fs(?:/promises)?$',
              message: 'Files of a tree are reached through main/engine/base/tree (see ownFiles in eslint.config.js).',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['renderer/**/*.ts', 'renderer/**/*.tsx'],
    plugins: { 'react-hooks': hooks },
    // the React compiler isn't used: what it can't memoize is no matter
    rules: { ...hooks.configs.recommended.rules, 'react-hooks/incompatible-library': 'off' },
  },
  {
    files: ['test/**', 'main/launch/**', '*.config.*', 'main/cli/**', 'main/demo/**'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['main/cli/**'],
    // reference/ makes manuals at build time
    ignores: ['main/cli/output/terminal.ts', 'main/cli/reference/**'],
    rules: { 'no-console': 'error', 'no-restricted-syntax': ['error', usingInLoop, rawOutput] },
  },
);
