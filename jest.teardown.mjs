/** Long enough for connections and timers that are ending, far shorter than anybody waits for a run that hangs. */
const GRACE_MS = 5_000;

/**
 * Runs in Jest's own process when all tests of a project are done. What a test or the code left open would hold this process
 * for ever, and a CI run with it: then it fails instead, and says what was open. Nothing left open: the timer holds nobody.
 */
export default function failWhenHeldOpen({ watch, watchAll }) {
  if (watch || watchAll) return;
  setTimeout(() => {
    const handles = process._getActiveHandles().map(describe);
    console.error(`Jest was still held open ${GRACE_MS} ms after its last test, by: ${[...process.getActiveResourcesInfo(), ...handles].join(', ')}.`);
    console.error('Close what the tests open (npx jest --detectOpenHandles helps to find it).');
    process.exit(1);
  }, GRACE_MS).unref();
}

function describe(handle) {
  const name = handle.constructor.name;
  if (handle.remotePort !== undefined) return `${name} to ${handle.remoteAddress}:${handle.remotePort}`;
  return handle.spawnfile === undefined ? name : `${name} ${handle.spawnargs.join(' ')}`;
}
