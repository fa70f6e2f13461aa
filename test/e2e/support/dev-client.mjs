// SPDX-License-Identifier: LGPL-2.1-or-later
// The scripted service of the page tests in one of their states: `npm run dev -- NAME` (main/launch/dev.mjs).
import { readFileSync } from 'node:fs';
import './scripted-client.mjs';

export { createComposeClient, createHostClient } from './scripted-client.mjs';

const { snapshot, answers } = JSON.parse(readFileSync(process.env.TREELINE_DEV_STATE ?? '', 'utf8'));
for (const [method, answer] of Object.entries(answers)) globalThis.treelineScript.answer(method, answer);
globalThis.treelineScript.setSnapshot(snapshot);
