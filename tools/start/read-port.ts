import { Advice } from './advice.js';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * A port from the environment; `fallback` where the variable is unset or empty. 0 stands for any free one.
 * @throws Advice naming the variable.
 */
export function readPort(env: Env, variable: string, fallback: number): number {
  const text = env[variable] ?? '';
  if (text === '') return fallback;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Advice(`${variable} is ${JSON.stringify(text)}; expected a port from 0 (any free one) to 65535.`);
}
