export interface Display {
  /** Value for DISPLAY. */
  readonly display: string;
  /** Write what the screen shows as a PNG file. */
  screenshot(file: string): void;
  stop(): Promise<void>;
}

export function startXvfb(width?: number, height?: number): Promise<Display>;
