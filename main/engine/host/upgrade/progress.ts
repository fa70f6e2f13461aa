// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Progress } from '../../../../shared/domain/index.ts';
import { knownFields } from '../../../files/index.ts';

interface Step {
  readonly id: string;
  /** Share of the whole, in any unit. */
  readonly weight: number;
}

/** One bar over several steps: each step's own fraction is scaled into its share, and the bar never goes back. */
export class WeightedProgress {
  readonly #steps: readonly Step[];
  readonly #emit: (progress: Progress) => void;
  #reached = 0;

  constructor(steps: readonly Step[], emit: (progress: Progress) => void) {
    this.#steps = steps;
    this.#emit = emit;
  }

  /** `fraction` is that of the step alone, 0 to 1. */
  report(step: string, fraction: number, more: Partial<Progress> = {}): void {
    const index = this.#steps.findIndex((s) => s.id === step);
    const total = this.#steps.reduce((sum, s) => sum + s.weight, 0);
    const before = this.#steps.slice(0, index).reduce((sum, s) => sum + s.weight, 0);
    const weight = this.#steps[index]?.weight ?? 0;
    this.#reached = Math.max(this.#reached, (before + weight * Math.min(1, Math.max(0, fraction))) / total);
    const { bytesDone, bytesTotal, itemsDone, itemsTotal, bytesPerSecond, secondsLeft } = more;
    this.#emit({
      step,
      stepIndex: index,
      stepCount: this.#steps.length,
      fraction: this.#reached,
      ...knownFields({ bytesDone, bytesTotal, itemsDone, itemsTotal, bytesPerSecond, secondsLeft }),
    });
  }
}
