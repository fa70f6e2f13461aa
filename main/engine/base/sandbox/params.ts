// SPDX-License-Identifier: LGPL-2.1-or-later
/** Jobs that run in the sandbox of a compose; part of Jobs in jobs/catalogue.ts. */
export interface SandboxJobs {
  /** Part of compose.tree, in its sandbox: run a scriptlet in rpm's lua. */
  'compose.lua': {
    params: {
      readonly script: string;
      readonly name: string;
      readonly args: readonly string[];
      /** Of a file trigger: what rpm.next_file() gives. */
      readonly files?: readonly string[];
    };
    result: { readonly status: number };
  };
  /** Part of compose.tree, in its sandbox: a script's text with the macros and query formats filled in that its flags (scriptFlag) ask for. */
  'compose.expand': {
    params: { readonly file: string; readonly script: string; readonly flags: number };
    result: { readonly text: string };
  };
}
