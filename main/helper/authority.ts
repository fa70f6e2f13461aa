// SPDX-License-Identifier: LGPL-2.1-or-later
import { bodyOf, DbusCallError, together, Variant, type ActionId, type Bus } from '../../shared/dbus/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { Caller } from './callers.ts';

const allowUserInteraction = 1;

export interface Question {
  /** All of them must be granted. */
  readonly actions: readonly ActionId[];
  /** End of the sentence "Authentication is required to ...". */
  readonly intent: string;
  readonly details: Readonly<Record<string, string>>;
  readonly interactive: boolean;
}

/** granted; a password would do; neither. */
type Standing = 'granted' | 'askable' | 'denied';

/**
 * Root passes without a question, as polkit itself lets it: who is root may do all of it in other ways, and needs this service most when polkit is away.
 * Of everybody else polkit is asked by the sender's bus name, not its uid or pid: both can be made to lie. What one call changes together is asked for with one
 * password: what a rule forbids, or grants without one, isn't part of that question.
 * Resolves when all is granted; rejects with auth.denied, auth.dismissed or auth.unavailable.
 * Source: polkit's D-Bus API, org.freedesktop.PolicyKit1.Authority.CheckAuthorization.
 */
export async function authorize(bus: Bus, caller: Caller, question: Question): Promise<void> {
  if (caller.uid === 0) return;
  for (const action of await asOneQuestion(bus, caller, question)) {
    if ((await check(bus, caller, action, question)) !== 'granted') throw denied(caller, action, question);
  }
}

/** What is to be asked, one dialog each. */
async function asOneQuestion(bus: Bus, caller: Caller, question: Question): Promise<readonly ActionId[]> {
  const parts = question.actions.filter((action) => together.instead.includes(action));
  if (!question.interactive || parts.length < 2) return question.actions;
  const askable: ActionId[] = [];
  for (const action of parts) {
    const standing = await check(bus, caller, action, { ...question, interactive: false });
    if (standing === 'denied') throw denied(caller, action, question);
    if (standing === 'askable') askable.push(action);
  }
  const others = question.actions.filter((action) => !parts.includes(action));
  return [...others, ...(askable.length > 1 ? [together.action] : askable)];
}

const denied = (caller: Caller, action: ActionId, { intent }: Question): TreelineError =>
  new TreelineError('auth.denied', { subject: `“${intent}” (${action})`, facts: { owner: caller.userName } });

async function check(bus: Bus, caller: Caller, action: ActionId, question: Question): Promise<Standing> {
  const { intent, interactive } = question;
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
  const [granted, challenge, facts] = answer;
  if (granted) return 'granted';
  if (facts['polkit.dismissed']) throw new TreelineError('auth.dismissed', { subject: action });
  return challenge ? 'askable' : 'denied';
}
