// SPDX-License-Identifier: LGPL-2.1-or-later
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import path from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;

/** react-aria ships its few built-in words in 34 languages; those we have no translation for are left out of the bundle. */
function onlyOurLanguages(): Plugin {
  const stringFile = /[\\/](?:react-aria|react-stately|react-aria-components)[\\/].*[\\/]([a-z]{2}-[A-Z]{2})\.m?js$/;
  return {
    name: 'treeline:only-our-languages',
    enforce: 'pre',
    load(id) {
      const language = stringFile.exec(id)?.[1];
      return language && !['en-US', 'de-DE'].includes(language) ? 'export default {};' : undefined;
    },
  };
}

export default defineConfig({
  root: path.join(root, 'renderer'),
  base: './',
  publicDir: path.join(root, 'assets/icons'),
  plugins: [onlyOurLanguages(), react(), tailwindcss()],
  build: {
    outDir: path.join(root, 'dist/renderer'),
    emptyOutDir: true,
    target: 'chrome130',
    // a strict policy allows no data: URLs and no inline script
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
