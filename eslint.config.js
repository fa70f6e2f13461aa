import { builtinModules } from 'node:module';
import boundaries from 'eslint-plugin-boundaries';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Rooms and what each may import; the same lists as the references in each room's tsconfig.json. */
const rooms = {
  domain: { at: 'shared/domain', may: ['errors'] },
  errors: { at: 'shared/errors', may: [] },
  ipc: { at: 'shared/ipc', may: ['domain', 'errors'] },
  dbus: { at: 'shared/dbus', may: ['domain', 'errors'] },
  files: { at: 'main/files', may: ['errors'] },
  engine: { at: 'main/engine', may: ['files', 'domain', 'errors', 'dbus'] },
  native: { at: 'main/native', may: ['files', 'engine', 'domain', 'errors'] },
  worker: { at: 'main/worker', may: ['engine', 'native', 'domain', 'errors'] },
  client: { at: 'main/client', may: ['dbus', 'domain', 'errors'] },
  local: { at: 'main/local', may: ['files', 'engine', 'domain', 'errors'] },
  helper: { at: 'main/helper', may: ['files', 'engine', 'dbus', 'domain', 'errors'] },
  cli: { at: 'main/cli', may: ['files', 'client', 'engine', 'domain', 'errors'] },
  preload: { at: 'main/preload', may: ['ipc'] },
  app: { at: 'main/app', may: ['files', 'client', 'local', 'ipc', 'domain', 'errors'] },
  demo: { at: 'main/demo', may: ['files', 'client', 'engine', 'domain', 'errors'] },
  renderer: { at: 'renderer', may: ['ipc', 'domain', 'errors'] },
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
  message: 'The command line prints through main/cli/terminal.ts, which escapes what isn’t ours.',
};

export default tseslint.config(
  { ignores: ['dist', '.cache', '.tsbuild', 'node_modules', 'assets', 'coverage', 'out'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { boundaries },
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
            allow: { to: { element: { types: { anyOf: [type, ...room.may] } } } },
          })),
        },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', usingInLoop],
      eqeqeq: 'error',
    },
  },
  ...Object.values(rooms).map((room) => ({
    files: [`${room.at}/**/*.ts`, `${room.at}/**/*.tsx`],
    rules: { 'no-restricted-imports': ['error', { patterns: outsiders(room.at) }] },
  })),
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
    ignores: ['main/cli/terminal.ts', 'main/cli/reference/**'],
    rules: { 'no-console': 'error', 'no-restricted-syntax': ['error', usingInLoop, rawOutput] },
  },
);
