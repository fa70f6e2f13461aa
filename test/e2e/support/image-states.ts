// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ImageUpdate, UpdateDetails } from '../../../shared/domain/index.ts';
import * as f from './page-fixtures.ts';
import type { PageState } from './page-states.ts';

const image: ImageUpdate = {
  reference: 'docker://registry.timberline.example/desktop:stable',
  digest: `sha256:${'ab'.repeat(32)}`,
  fromDigest: `sha256:${'cd'.repeat(32)}`,
  tier: 'layers',
  cannotKnow: ['packages', 'versions', 'which-of-a-layer', 'changelogs', 'advisories'],
  touched: ['bash', 'curl', 'a-name-without-end'.repeat(12), ...Array.from({ length: 60 }, (_, i) => `texlive-collection-${i}`)],
  layers: { total: 64, new: 18, untold: 2 },
  warnings: [
    {
      kind: 'other-image',
      from: 'Timberline Desktop',
      to: 'Timberline Kiosk for shop windows and counters, with everything that belongs to it',
    },
    { kind: 'major-crossed', from: '43.1', to: '44.0' },
  ],
};

const file = '/etc/containers/policy.json';
const signed = {
  ...{ requirement: 'sigstoreSigned', scope: 'transports.docker["registry.timberline.example"]', file },
  ...{ key: '0123456789abcdef'.repeat(4), text: 'Signed' },
};
const unchecked = { requirement: 'insecureAcceptAnything', scope: 'default', file, text: 'Nothing was checked' };

/** Advisories and changelogs aren't told. */
const namesOnly = {
  ...f.details,
  advisories: [],
  notTold: ['advisories', 'changelogs', 'signatures'],
  packages: f.changes.slice(0, 4).map(({ changelog: _changelog, advisories: _advisories, ...change }) => change),
  source: 'layers',
} as const satisfies UpdateDetails;

/** Updates by container image: how sure their list of packages is. */
export const imageStates: readonly PageState[] = [
  {
    name: 'updates-image-names',
    snapshot: f.snapshot(),
    answers: { updateDetails: { value: { ...namesOnly, image: { ...image, trust: signed } } } },
    act: (driver) => driver.page.getByText('In layers that differ', { exact: false }).click(),
    shows: [
      'This is another image: “Timberline Kiosk',
      'Another major version: 43.1 → 44.0',
      'From what the image’s layers are named after.',
      'Signed by the key 0123456789abcdef…, as the rule “transports.docker["registry.timberline.example"]”',
      'texlive-collection-59',
    ],
    showsNot: ['package names and versions only'],
  },
  {
    name: 'updates-image-untold',
    snapshot: f.snapshot(),
    answers: {
      updateDetails: {
        value: {
          ...namesOnly,
          packages: [],
          source: 'none',
          image: {
            ...image,
            tier: 'none',
            touched: [],
            warnings: [],
            cannotKnow: ['packages', 'changelogs', 'advisories'],
            trust: unchecked,
          },
        },
      },
    },
    shows: ['This image doesn’t tell its packages.', 'Further packages may have changed', 'Nobody vouches for it: the rule “default”'],
    showsNot: ['No packages change'],
  },
];
