// better-auth's provider plug-in, which signs with EdDSA.

import { describe } from "node:test";
import { betterAuth } from "../support/providers/better-auth.mjs";
import { liveProvider } from "../support/providers/live.mjs";

describe("better-auth", () => liveProvider(betterAuth));
