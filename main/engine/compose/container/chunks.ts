// SPDX-License-Identifier: LGPL-2.1-or-later
/** Files that come and change together: those of the packages built from one source package. */
export interface Component {
  readonly name: string;
  readonly sizeBytes: number;
  /** How often it changed in the year before its newest change. */
  readonly changesPerYear: number;
  /** Content checksums, sorted. */
  readonly objects: readonly string[];
}

/** Component names of each content layer of an earlier build. */
export type Layout = readonly (readonly string[])[];

/** What changes about monthly spoils a layer for everything else in it. */
const oftenPerYear = 6;

/**
 * Deal components out to at most `count` layers. Those of an earlier build stay where they were, so that layers of which nothing changed are the
 * same again; new ones go where there is least. A first build gives large components layers of their own, and the others to layers of about
 * equal size, rarely and often changing ones apart.
 */
export function dealChunks(components: readonly Component[], count: number, earlier?: Layout): Component[][] {
  if (components.length === 0) return [];
  const most = Math.max(1, count);
  const layers = earlier && earlier.length > 0 && earlier.length <= most ? keep(components, most, earlier) : fresh(components, most);
  return layers.filter((layer) => layer.length > 0).map((layer) => [...layer].sort((a, b) => (a.name < b.name ? -1 : 1)));
}

const sizeOf = (layer: readonly Component[]): number => layer.reduce((sum, c) => sum + c.sizeBytes, 0);

function keep(components: readonly Component[], most: number, earlier: Layout): Component[][] {
  const place = new Map(earlier.flatMap((names, i) => names.map((name) => [name, i] as const)));
  const layers: Component[][] = earlier.map(() => []);
  const added = components.filter((c) => !place.has(c.name));
  for (const component of components) {
    const at = place.get(component.name);
    if (at !== undefined) layers[at]?.push(component);
  }
  // rather another layer than one that was good
  for (const component of largestFirst(added)) {
    if (layers.length < most) layers.push([component]);
    else put(component, layers);
  }
  return layers;
}

/** Sizes count by their power of two: a component that grows a little doesn't push others about. */
const magnitude = (component: Component): number => Math.floor(Math.log2(component.sizeBytes + 1));
const largestFirst = (list: readonly Component[]): Component[] =>
  [...list].sort((a, b) => magnitude(b) - magnitude(a) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

function put(component: Component, layers: readonly Component[][]): void {
  const least = layers.reduce((best, layer) => (weight(layer) < weight(best) ? layer : best));
  least.push(component);
}

const weight = (layer: readonly Component[]): number => layer.reduce((sum, c) => sum + 2 ** magnitude(c), 0);

function fresh(components: readonly Component[], most: number): Component[][] {
  if (components.length <= most) return components.map((c) => [c]);
  const sorted = largestFirst(components);
  const average = sizeOf(components) / most;
  // half of the layers at most, so that the many small ones aren't all in one
  const alone = sorted.filter((c) => 2 ** magnitude(c) >= average).slice(0, Math.floor(most / 2));
  const rest = sorted.filter((c) => !alone.includes(c));
  const often = rest.filter((c) => c.changesPerYear >= oftenPerYear);
  const rarely = rest.filter((c) => c.changesPerYear < oftenPerYear);
  const free = most - alone.length;
  const share =
    often.length === 0 ? 0 : rarely.length === 0 ? free : Math.min(free - 1, Math.max(1, Math.round((free * often.length) / rest.length)));
  return [...alone.map((c) => [c]), ...balanced(often, share), ...balanced(rarely, free - share)];
}

function balanced(list: readonly Component[], count: number): Component[][] {
  const layers: Component[][] = Array.from({ length: count }, () => []);
  for (const component of list) put(component, layers);
  return layers;
}
