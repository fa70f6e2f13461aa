// SPDX-License-Identifier: LGPL-2.1-or-later
import { bodyOf, DbusCallError, Variant, type ActionId, type Bus } from '../../shared/dbus/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { Caller } from './callers.ts';

const allowUserInteraction = 1;

export interface Question {
  readonly action: ActionId;
  /** End of the sentence "Authentication is required to ...". */
  readonly intent: string;
  readonly details: Readonly<Record<string, string>>;
  readonly interactive: boolean;
}

/**
 * Root passes without a question, as polkit itself lets it: who is root may do all of it in other ways, and needs this service most when polkit is away.
 * Of everybody else polkit is asked by the sender's bus name, not its uid or pid: both can be made to lie.
 * Resolves when granted; rejects with auth.denied, auth.dismissed or auth.unavailable.
 * Source: polkit's D-Bus API, org.freedesktop.PolicyKit1.Authority.CheckAuthorization.
 */
export async function authorize(bus: Bus, caller: Caller, question: Question): Promise<void> {
  if (caller.uid === 0) return;
  const { action, intent, interactive } = question;
  const details = { ...question.details, 'treeline.intent': intent, 'polkit.message': `Authentication is required to ${intent}` };
  let answer;
  try {
    const reply = await bus.call({
      destination: 'org.freedesktop.PolicyKit1',
      path: '/org/freedesktop/PolicyKit1/Authority',
      interface: 'org.freedesktop.PolicyKit1.Authority',
      member: 'CheckAuthorization',
      signature: '(sa{sv})sa{ss}us',
      body: [['system-bus-name', { name: new Variant('s', caller.sender) }], action, details, interactive ? allowUserInteraction : 0, ''],
      // a person may be typing: no limit
      timeoutMs: interactive ? 0 : 25_000,
    });
    answer = bodyOf(reply, '(bba{ss})')?.[0];
  } catch (error) {
    if (!(error instanceof DbusCallError)) throw error;
    throw new TreelineError('auth.unavailable', { subject: action, detail: error.message || error.errorName });
  }
  if (!answer) throw new TreelineError('auth.unavailable', { subject: action, detail: 'an answer of another kind' });
  const [granted, , facts] = answer;
  if (granted) return;
  if (facts['polkit.dismissed']) throw new TreelineError('auth.dismissed', { subject: action });
  throw new TreelineError('auth.denied', { subject: `“${intent}” (${action})`, facts: { owner: caller.userName } });
}
