/** What the sandbox does with an SMS. */
export type SandboxBehaviour = 'deliver' | 'reject' | 'throttle' | 'lose-answer' | 'swallow' | 'deliver-late' | 'not-deliver';

/** Phones for trying out what goes wrong, with what they do; every other one is delivered to. The page lists them. */
export const sandboxPhones: readonly { readonly phone: string; readonly behaviour: SandboxBehaviour; readonly meaning: string }[] = [
  { phone: '+15005550001', behaviour: 'reject', meaning: 'refused for good: not sent, and no other provider is asked' },
  { phone: '+15005550002', behaviour: 'throttle', meaning: 'too many, every time: tried again after 5 seconds, until it is given up; it never succeeds' },
  { phone: '+15005550003', behaviour: 'lose-answer', meaning: 'sent, but the answer is lost: the outcome is unknown until the sandbox is asked' },
  { phone: '+15005550004', behaviour: 'deliver-late', meaning: 'delivered after 30 seconds' },
  { phone: '+15005550005', behaviour: 'not-deliver', meaning: 'sent, and the receipt says that it was not delivered' },
  { phone: '+15005550006', behaviour: 'swallow', meaning: 'not sent, and no answer, every time: the sandbox is asked, never saw it, and it is sent again; it never succeeds' },
];

const behaviours = new Map(sandboxPhones.map(({ phone, behaviour }) => [phone, behaviour]));

export function sandboxBehaviour(phone: string): SandboxBehaviour {
  return behaviours.get(phone) ?? 'deliver';
}
