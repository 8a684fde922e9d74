import preset from '../jest.preset.mjs';

export default { ...preset('tools'), testMatch: ['<rootDir>/**/*.spec.ts'] };
