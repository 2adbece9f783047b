/** Packages in CommonJS find Node's own modules by this. Its name is no source's: that would be a clash. */
export const requireBanner = {
  js:
    "import{createRequire as requireFrom}from'node:module';" +
    'const require=requireFrom(import.meta.url);',
};
