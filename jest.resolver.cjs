/** Our ESM sources import './x.js'; on disk it is './x.ts'. Rewritten only inside our own code. */
module.exports = (request, options) => {
  if (/^\.{1,2}\/.*\.js$/.test(request) && !options.basedir.includes('node_modules')) {
    try {
      return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
    } catch {
      // not ours: generated code and plain JavaScript keep their extension
    }
  }
  return options.defaultResolver(request, options);
};
