/**
 * Megabytes of a semi-space of V8's young generation. Small ones keep an idle service small; the broker makes and drops
 * thousands of messages a second and the email worker a thousand mails, which larger ones make cheaper (docs/decisions/008).
 * The images have the same (docker-compose.yml).
 */
const semiSpaceMb = (service: string): number => ({ 'mq-broker': 32, 'email-worker': 16 })[service] ?? 4;

/** What Node runs a service with, besides its bundle. */
export function nodeFlags(service: string): string[] {
  return ['--enable-source-maps', `--max-semi-space-size=${semiSpaceMb(service)}`, '--heap-growing-percent=40', '--expose-gc'];
}
