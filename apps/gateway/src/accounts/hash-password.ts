import { hash } from 'argon2';

/** OWASP's minimum for Argon2id, which is the library's default variant (19 MiB, 2 passes, 1 lane): https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const settings = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

/** The password as it is stored: Argon2id in PHC form, with its own salt. Runs off the event loop, about 30 ms. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, settings);
}
