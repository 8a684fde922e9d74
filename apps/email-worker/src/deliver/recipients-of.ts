/** Every recipient of an order or a mail in the order in which results count them: to, cc, bcc. */
export function recipientsOf({ to, cc = [], bcc = [] }: { to: readonly string[]; cc?: readonly string[] | undefined; bcc?: readonly string[] | undefined }): string[] {
  return [...to, ...cc, ...bcc];
}
