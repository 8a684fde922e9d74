import { GetUser, UserCreated } from '@angarium/contracts';
import { answerTo, numberOf, phaseOf, PHASES, userId, userOf } from './numbered-users.js';

describe('the messages of the bench', () => {
  it.each([
    [0, 0],
    [PHASES, 999_999_999_999],
    [0x2a, 123_456],
  ])('carry phase %i and number %i in an id that the contracts take', (phase, n) => {
    expect([phaseOf(userId(phase, n)), numberOf(userId(phase, n))]).toEqual([phase, n]);
    expect(UserCreated.schema.parse(userOf(phase, n))).toEqual(userOf(phase, n));
    expect(GetUser.responseSchema.parse(answerTo({ userId: userId(phase, n) }))).toMatchObject({ userId: userId(phase, n) });
  });

  it('are about 200 bytes long', () => {
    expect(JSON.stringify(userOf(1, 1)).length).toBeGreaterThan(180);
    expect(JSON.stringify(userOf(1, 1)).length).toBeLessThan(230);
  });
});
