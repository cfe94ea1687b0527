// `oidc-provider`, the certified one: claims by UserInfo, and a page that asks whether to sign out.

import { describe } from "node:test";
import { liveProvider } from "../support/providers/live.mjs";
import { panva } from "../support/providers/panva.mjs";

describe("oidc-provider", () => liveProvider(panva));
