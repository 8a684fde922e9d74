/** `.lua` files are imported as text (esbuild's text loader in builds, jest.lua.cjs in tests). */
declare module '*.lua' {
  const text: string;
  export default text;
}
