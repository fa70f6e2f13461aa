// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWindowState, writeWindowState } from '../../../main/app/window-state.ts';

const screen = [{ x: 0, y: 0, width: 1920, height: 1080 }];
const state = { bounds: { x: 10, y: 20, width: 900, height: 700 }, maximized: false, zoomFactor: 1.2 };
let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'treeline-window-'));
  file = path.join(folder, 'deep/window.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the remembered window', () => {
  it('comes back as it was', () => {
    writeWindowState(file, state);
    expect(readWindowState(file, screen)).toEqual(state);
  });

  it('is forgotten when it would be out of sight, too small or damaged', () => {
    writeWindowState(file, { ...state, bounds: { ...state.bounds, x: 5000 } });
    expect(readWindowState(file, screen)).toBeUndefined();
    writeWindowState(file, { ...state, bounds: { ...state.bounds, width: 100 } });
    expect(readWindowState(file, screen)).toBeUndefined();
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20));
    expect(readWindowState(file, screen)).toBeUndefined();
    writeFileSync(file, JSON.stringify({ ...state, zoomFactor: 90 }));
    expect(readWindowState(file, screen)).toBeUndefined();
    expect(readWindowState(path.join(folder, 'none.json'), screen)).toBeUndefined();
  });

  it('that can’t be written is no reason to fail', () => {
    writeFileSync(path.join(folder, 'deep'), 'a file where the folder should be');
    expect(() => writeWindowState(file, state)).not.toThrow();
  });
});
