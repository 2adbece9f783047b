// An address that is put together is left to Node, which reads TypeScript.
const { siteConfig } = await import(new URL('../../scripts/site/config.ts', import.meta.url).href);

export default siteConfig;
