// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { parseRegistryImage } from '../image-names.ts';
import { referenceText, type ImageReference } from '../reference.ts';
import type { ImagePolicy, ReadRequirement } from './policy.ts';
import type { Signatures } from './signatures.ts';
import { judge, type Rejection } from './verify.ts';

/** The rule that let an image pass. */
export interface TrustDecision {
  /** `sigstoreSigned`, `insecureAcceptAnything`; several are joined by “ + ”. `none`: there is no policy. */
  readonly requirement: string;
  /** Where in `file` it stands: `default`, `transports.docker["quay.io/x"]`; '' without a policy. */
  readonly scope: string;
  readonly file: string;
  /** SHA-256 of the public key that signed, as hex; of several requirements each one's, joined by a space. */
  readonly key?: string;
  /** For people: a sentence without its full stop. */
  readonly text: string;
}

export interface TrustQuestion {
  readonly image: ImageReference;
  readonly manifestDigest: string;
  readonly policy: ImagePolicy;
  /** Undefined where no rule asks for any (`asksForSignatures`). */
  readonly signatures?: Signatures;
  /** It is to be followed as signed (`ostree-image-signed:`): what takes anything by default isn't enough, as for rpm-ostree and bootc. */
  readonly signed?: boolean;
}

/** Whether an image's signatures count. */
export const asksForSignatures = ({ requirements }: ImagePolicy): boolean => requirements.some((each) => 'keys' in each);

/**
 * Whether an image may be taken, by this machine's policy. Nothing is fetched or read here. Throws container.untrusted, container.unchecked, container.attachments-off, each
 * with the rule.
 */
export function decideTrust(question: TrustQuestion): TrustDecision {
  const { policy, signed = false } = question;
  const { file, scope, requirements } = policy;
  const subject = referenceText(question.image);
  if (scope === undefined) {
    if (signed) throw new TreelineError('container.unchecked', { subject, detail: 'there is no such file', file });
    return { requirement: 'none', scope: '', file, text: `Nothing was checked: there is no ${file}` };
  }
  const requirement = requirements.map(({ type }) => type).join(' + ');
  const takesAnything = requirements.every(({ type }) => type === 'insecureAcceptAnything');
  if (signed && takesAnything && scope === 'default')
    throw new TreelineError('container.unchecked', {
      subject,
      detail: `“${scope}” is “${requirement}”, which takes anything`,
      file,
      key: scope,
    });
  // all have to hold, and none that would refuse is passed over for one before it
  const keys = requirements.flatMap((each) => fulfil(each, question, subject));
  const rule = `${requirement}, ${scope} in ${file}`;
  return {
    requirement,
    scope,
    file,
    ...(keys.length > 0 ? { key: keys.join(' ') } : {}),
    text: keys.length > 0 ? `Signed by ${keys.map((key) => `sha256:${key}`).join(' and ')} (${rule})` : `Nothing was checked (${rule})`,
  };
}

/** Fingerprints of the keys that count. */
function fulfil(requirement: ReadRequirement, question: TrustQuestion, subject: string): readonly string[] {
  const { file, scope = '' } = question.policy;
  const fields = { subject, file, key: scope, facts: { requirement: requirement.type } };
  const untrusted = (detail: string): TreelineError => new TreelineError('container.untrusted', { ...fields, detail });
  if ('what' in requirement) throw untrusted(`this version doesn’t check by “${requirement.what}”, so nothing fulfils it`);
  if (requirement.type === 'reject') throw untrusted('the rule takes no such image');
  if (!('keys' in requirement)) return [];
  const { image, manifestDigest, signatures } = question;
  if (image.transport !== 'docker') throw untrusted(`${image.transport}: holds no signatures`);
  if (!signatures) throw untrusted('its signatures weren’t asked for');
  if (signatures.attachments === 'off')
    throw new TreelineError('container.attachments-off', {
      ...fields,
      facts: { ...fields.facts, directory: signatures.directory, place: signatures.file ?? signatures.directory },
    });
  const wanted = { image: parseRegistryImage(subject), manifestDigest, ...requirement };
  const judged = signatures.found.map((signature) => judge(signature, wanted));
  const key = judged.find((each) => typeof each === 'string');
  if (key !== undefined) return [key];
  throw untrusted(
    lack(
      judged.filter((each) => typeof each !== 'string'),
      signatures.left,
    ),
  );
}

/** What is wrong, in a line: of many signatures the nearest three. */
function lack(rejections: readonly Rejection[], left: readonly string[]): string {
  const more = left.length > 0 ? `; not used: ${left.slice(0, 2).join('; ')}${left.length > 2 ? ` and ${left.length - 2} more` : ''}` : '';
  if (rejections.length === 0) return `${left.length > 0 ? 'no signature can be used' : 'it has no signature'}${more}`;
  const nearest = Math.max(...rejections.map(({ rank }) => rank));
  const reasons = [...new Set(rejections.filter(({ rank }) => rank === nearest).map(({ why }) => why))];
  return `of ${rejections.length} signature${rejections.length === 1 ? '' : 's'} none counts: ${reasons.slice(0, 3).join('; ')}${more}`;
}
