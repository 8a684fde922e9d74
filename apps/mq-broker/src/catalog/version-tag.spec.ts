import { requireVersion, versionTag } from './version-tag.js';

const refusal = (ifMatch: string | undefined) => {
  try {
    requireVersion(ifMatch, 3);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('an update', () => {
  it('goes through with the ETag of the version that it replaces', () => {
    expect(versionTag(3)).toBe('"3"');
    expect(refusal('"3"')).toBeUndefined();
    expect(refusal(' "3" ')).toBeUndefined();
  });

  it.each([undefined, '', '  '])('is refused when it does not say which version it replaces (%p)', (ifMatch) => {
    expect(refusal(ifMatch)).toBe('MQ_VERSION_REQUIRED');
  });

  it.each(['"2"', '"4"', '3', '*', 'W/"3"', '"3", "4"'])('is refused when it replaces another version, or any (%p)', (ifMatch) => {
    expect(refusal(ifMatch)).toBe('MQ_VERSION_CONFLICT');
  });
});
