// SPDX-License-Identifier: LGPL-2.1-or-later
import { assemblyDrivers } from './hostile-assembly-drivers.ts';
import { finishingDrivers } from './hostile-finishing-drivers.ts';
import { foreignDrivers } from './hostile-foreign-drivers.ts';

export type { Driver } from './hostile-driver.ts';

/** Every part that reaches files of trees: each place of the access layer needs one. */
export const drivers = { ...assemblyDrivers, ...finishingDrivers, ...foreignDrivers };
