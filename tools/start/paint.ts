export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'grey' | 'bold' | 'orange' | 'violet' | 'teal';

const codes: Record<Colour, string> = {
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  magenta: '35',
  cyan: '36',
  grey: '90',
  bold: '1',
  orange: '38;5;208',
  violet: '38;5;141',
  teal: '38;5;44',
};

/** Colours a text, or leaves it as it is. */
export type Paint = (text: string, colour: Colour) => string;

export const plain: Paint = (text) => text;
export const coloured: Paint = (text, colour) => `\u001b[${codes[colour]}m${text}\u001b[0m`;

/** Colours for terminals; none for files and pipes, or where NO_COLOR asks for none (https://no-color.org). */
export function paintFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  if ((env['NO_COLOR'] ?? '') !== '') return plain;
  if ((env['FORCE_COLOR'] ?? '') !== '' && env['FORCE_COLOR'] !== '0') return coloured;
  return isTerminal ? coloured : plain;
}
