// SPDX-License-Identifier: LGPL-2.1-or-later
import { demoFileName, type DemoAdvisory, type DemoPackage } from './packages-data.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const xml = (text: string): string => text.trim().replace(/[&<>"]/g, (c) => escapes[c] ?? c);

/** updateinfo.xml of a repository, as createrepo_c's modifyrepo_c takes it. */
export function updateinfo(advisories: readonly DemoAdvisory[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<updates>\n${advisories.map(update).join('\n')}\n</updates>\n`;
}

function update(a: DemoAdvisory): string {
  const references = a.references.map(
    (r) => `    <reference href="${xml(r.url ?? address(r))}" id="${xml(r.id)}" type="${xml(r.kind)}" title="${xml(r.title ?? r.id)}"/>`,
  );
  return [
    `<update from="security@meadow.example" status="final" type="${xml(a.kind)}" version="1">`,
    `  <id>${xml(a.id)}</id>`,
    `  <title>${xml(a.title)}</title>`,
    `  <issued date="${a.issued} 12:00:00"/>`,
    `  <updated date="${a.issued} 12:00:00"/>`,
    `  <severity>${xml(a.severity)}</severity>`,
    `  <description>${xml(a.description)}</description>`,
    `  <references>`,
    ...references,
    `  </references>`,
    `  <pkglist><collection short="meadow"><name>Meadow OS</name>`,
    ...a.packages.map(shipped),
    `  </collection></pkglist>`,
    `</update>`,
  ].join('\n');
}

function address({ kind, id }: DemoAdvisory['references'][number]): string {
  return kind === 'cve' ? `https://cve.meadow.example/${id}` : `https://bugs.meadow.example/${id}`;
}

function shipped(p: DemoPackage): string {
  const attributes = `name="${p.name}" epoch="${p.epoch ?? 0}" version="${p.version}" release="${p.release}" arch="${p.arch}"`;
  return `    <package ${attributes}><filename>${demoFileName(p)}.rpm</filename></package>`;
}
