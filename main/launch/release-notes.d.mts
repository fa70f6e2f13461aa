export function releaseProblem(version: string, tags: readonly string[]): string | undefined;

export function releasedChangelog(
  changelog: string,
  version: string,
  date: string,
): { readonly changelog: string; readonly section: string };
