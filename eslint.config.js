import boundaries from 'eslint-plugin-boundaries';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Rooms and what each may import; the same lists as the references in each room's tsconfig.json. */
const rooms = {
  domain: { at: 'shared/domain', may: ['errors'] },
  errors: { at: 'shared/errors', may: [] },
  ipc: { at: 'shared/ipc', may: ['domain', 'errors'] },
  dbus: { at: 'shared/dbus', may: ['domain', 'errors'] },
  engine: { at: 'main/engine', may: ['domain', 'errors', 'dbus'] },
  native: { at: 'main/native', may: ['engine', 'domain', 'errors'] },
  worker: { at: 'main/worker', may: ['engine', 'native', 'domain', 'errors'] },
  client: { at: 'main/client', may: ['dbus', 'domain', 'errors'] },
  helper: { at: 'main/helper', may: ['engine', 'dbus', 'domain', 'errors'] },
  cli: { at: 'main/cli', may: ['client', 'engine', 'domain', 'errors'] },
  preload: { at: 'main/preload', may: ['ipc'] },
  app: { at: 'main/app', may: ['client', 'ipc', 'domain', 'errors'] },
  demo: { at: 'main/demo', may: ['engine', 'domain', 'errors'] },
  renderer: { at: 'renderer', may: ['ipc', 'domain', 'errors'] },
};

export default tseslint.config(
  { ignores: ['dist', '.cache', '.tsbuild', 'node_modules', 'assets', 'coverage', 'out'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { typescript: { project: './tsconfig.json' } },
      'boundaries/elements': Object.entries(rooms).map(([type, room]) => ({ type, pattern: room.at, mode: 'folder' })),
    },
    rules: {
      'boundaries/element-types': [
        'error',
        { default: 'disallow', rules: Object.entries(rooms).map(([type, room]) => ({ from: type, allow: [type, ...room.may] })) },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['main/**/*.ts', 'shared/**/*.ts'],
    ignores: ['main/native/**', 'test/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [{ name: 'koffi', message: 'FFI lives in main/native only.' }] }] },
  },
  {
    files: ['renderer/**/*.ts', 'renderer/**/*.tsx'],
    plugins: { 'react-hooks': hooks },
    rules: { ...hooks.configs.recommended.rules, 'no-restricted-imports': ['error', { patterns: ['node:*', 'electron'] }] },
  },
  {
    files: ['test/**', 'main/launch/**', '*.config.*', 'main/cli/**', 'main/demo/**'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
