// What tests that need a browser or the demo import beside index.mjs. It starts nothing, but loads Playwright and esbuild.

export * from "./certificate.mjs";
export * from "./chromium.mjs";
export * from "./collector.mjs";
export * from "./demo-app.mjs";
export * from "./demo-gate.mjs";
export * from "./gate-pages.mjs";
export * from "./journey.mjs";
export * from "./links-document.mjs";
export * from "./logout-ways.mjs";
export * from "./way-pages.mjs";
export * from "./wire-tap.mjs";
