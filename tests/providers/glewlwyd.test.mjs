// glewlwyd, whose logout tokens have `typ: JWT` and no `exp`.

import { describe } from "node:test";
import { glewlwyd } from "../support/providers/glewlwyd.mjs";
import { liveProvider } from "../support/providers/live.mjs";

describe("glewlwyd", () => liveProvider(glewlwyd));
