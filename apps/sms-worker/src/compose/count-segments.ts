/** GSM 03.38: one septet each. */
const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** With an escape before them: two septets. */
const extended = new Set('\f^{}\\[~]|€');

const GSM = { alone: 160, joined: 153 };
const UCS2 = { alone: 70, joined: 67 };

/** How a text travels, and in how many parts that a provider charges for. */
export interface Segments {
  readonly encoding: 'gsm-7' | 'ucs-2';
  readonly count: number;
}

/**
 * Counts the parts of a text: 160 septets or 70 UTF-16 units alone, 153 or 67 in each of several, because each then carries its place.
 * A character is never divided, neither an escape with its letter nor a surrogate pair, so a part may stay one unit short. Pure.
 */
export function countSegments(text: string): Segments {
  const characters = [...text];
  const isGsm = characters.every((it) => basic.has(it) || extended.has(it));
  const sizes = characters.map((it) => (isGsm ? (extended.has(it) ? 2 : 1) : it.length));
  const { alone, joined } = isGsm ? GSM : UCS2;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return { encoding: isGsm ? 'gsm-7' : 'ucs-2', count: total <= alone ? 1 : partsOf(sizes, joined) };
}

function partsOf(sizes: readonly number[], capacity: number): number {
  let [count, used] = [1, 0];
  for (const size of sizes) {
    if (used + size > capacity) [count, used] = [count + 1, 0];
    used += size;
  }
  return count;
}
