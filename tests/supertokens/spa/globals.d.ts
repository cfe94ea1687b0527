// What the bundler fills in, and what the page puts where a test finds it.

declare const PAGE: string;
declare const ALLOWED_ORIGINS: string[];
declare var Session: typeof import("supertokens-website");
declare var events: string[];

declare module "*.svg";
declare module "*.css";
