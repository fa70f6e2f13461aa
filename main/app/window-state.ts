// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { writeJson } from './json-file.ts';
import { readJsonFile } from '../files/index.ts';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  readonly bounds: Rectangle;
  readonly maximized: boolean;
  /** 1 = 100 %. */
  readonly zoomFactor: number;
}

const coordinate = z.number().int().min(-100_000).max(100_000);
const schema = z.object({
  bounds: z.object({ x: coordinate, y: coordinate, width: coordinate, height: coordinate }),
  maximized: z.boolean(),
  zoomFactor: z.number().min(0.5).max(3),
});

export const minimumSize = { width: 480, height: 400 } as const;

/** The remembered state, if the file holds a sane one and the window would still be visible on one of the work areas (in DIP). */
export function readWindowState(file: string, workAreas: readonly Rectangle[]): WindowState | undefined {
  try {
    const state = schema.parse(readJsonFile(file));
    const { bounds } = state;
    if (bounds.width < minimumSize.width || bounds.height < minimumSize.height) return undefined;
    return workAreas.some((area) => overlap(area, bounds) >= 100 * 100) ? state : undefined;
  } catch {
    // first start, or a file that was damaged: the default size is right then
    return undefined;
  }
}

export function writeWindowState(file: string, state: WindowState): void {
  writeJson(file, state);
}

function overlap(a: Rectangle, b: Rectangle): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}
