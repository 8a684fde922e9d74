/** Jest's counterpart of esbuild's text loader: a `.lua` file is a module whose default export is its text. */
module.exports = {
  process: (text) => ({ code: `export default ${JSON.stringify(text)};` }),
};
