// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseNevra, type Package } from '../../../../shared/domain/index.ts';
import type { ImageConfig, Manifest } from '../oci.ts';

/** What a layer is named after. */
export interface LayerNames {
  /** How it's known: annotations are of ostree-ext's, rpm-ostree's and our images, `chunkah` is that tool's annotation or comment. */
  readonly from: 'annotation' | 'chunkah' | 'history' | 'none';
  /** Packages; of `chunkah` source packages, whose binary ones the layer holds. */
  readonly names: readonly string[];
  /** Those of `names` whose version is told, too. */
  readonly exact: readonly Package[];
  /** False where the layer may hold packages that aren't named. */
  readonly complete: boolean;
  /** Parts of it that are no packages. */
  readonly parts: readonly string[];
}

const untold: LayerNames = { from: 'none', names: [], exact: [], complete: false, parts: [] };

/** What ostree-ext's layers hold besides packages. */
const otherParts = /^(?:initramfs|rpmostree-unpackaged-content|[a-z]+-unpackaged-content)$/;
const initramfs = /^initramfs \(kernel [^()\s]+\)$/;
const packageName = /^[A-Za-z0-9_][\w.+-]{0,255}$/;

/** What rpm allows as a name; what a publisher calls a package else isn't shown or compared. */
export const isPackageName = (text: string): boolean => packageName.test(text);

/** A NEVRA by itself; free text isn't taken for one. Without an epoch it has none. */
export function exactNevra(text: string): Package | undefined {
  if (!/^[\w.+-]+-(?:\d{1,9}:)?[\w.+~^]+-[\w.+~^]+\.[a-z]\w+$/.test(text)) return undefined;
  const found = parseNevra(text);
  return found && isPackageName(found.name) ? found : undefined;
}

/** Names of a manifest's layers, in its order: by their annotations, else by the history's entries, which belong to them in order where as many aren't empty. */
export function layerNames(manifest: Manifest, config: ImageConfig): LayerNames[] {
  const steps = (config.history ?? []).filter((entry) => entry.empty_layer !== true);
  const fits = steps.length === manifest.layers.length;
  return manifest.layers.map(({ annotations }, i) => {
    const chunkah = fromChunkah(annotations?.['org.chunkah.component']);
    const components = annotations?.['ostree.components'];
    const step = fits ? steps[i] : undefined;
    if (chunkah) return chunkah;
    if (components !== undefined && components.trim() !== '') return fromWords(components.split(','), 'annotation') ?? untold;
    return fromChunkah(step?.comment) ?? fromHistory(step?.created_by ?? '') ?? untold;
  });
}

/** `rpm/kernel rpm/curl`; `bigfiles/rpmdb.sqlite` is no package. */
function fromChunkah(text: string | undefined): LayerNames | undefined {
  const words = (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0 || !words.every((word) => /^[a-z][\w-]*\/\S+$/.test(word))) return undefined;
  const inRpm = words.filter((word) => word.startsWith('rpm/')).map((word) => word.slice('rpm/'.length));
  const names = inRpm.filter(isPackageName);
  return { from: 'chunkah', names, exact: [], complete: names.length === inRpm.length, parts: words.filter((w) => !w.startsWith('rpm/')) };
}

/** `A and B`, `A, B, C and 12 more`, `10 components`. */
function fromHistory(text: string): LayerNames | undefined {
  if (/^ostree export of commit [0-9a-f]{64}$/.test(text)) return { ...untold, from: 'history', complete: true };
  if (/^(?:\d+ components|Reserved for new packages)$/.test(text)) return { ...untold, from: 'history' };
  const [, list = text, more] = /^(.+) and \d+ (?:more|components)$/.exec(text) ?? [text];
  const found = fromWords(list.split(/ and |, /), 'history');
  // a command or a commit's subject looks like names, too: one is known by its version, or by what only such layers have
  if (!found || (found.exact.length === 0 && found.parts.length === 0 && more === undefined && !text.includes(', '))) return undefined;
  return more === undefined && !/ and \d+ more$/.test(text) ? found : { ...found, complete: false };
}

function fromWords(words: readonly string[], from: 'annotation' | 'history'): LayerNames | undefined {
  const names: string[] = [];
  const exact: Package[] = [];
  const parts: string[] = [];
  for (const word of words.map((w) => w.trim()).filter((w) => w !== '')) {
    const nevra = exactNevra(word);
    if (otherParts.test(word) || initramfs.test(word)) parts.push(word);
    else if (nevra) {
      exact.push(nevra);
      names.push(nevra.name);
    } else if (isPackageName(word)) names.push(word);
    // words of a sentence name nothing
    else if (from === 'history') return undefined;
    else return { from, names, exact, parts, complete: false };
  }
  return names.length + parts.length === 0 ? undefined : { from, names, exact, parts, complete: true };
}
