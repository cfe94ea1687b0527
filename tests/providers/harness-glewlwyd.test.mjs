// glewlwyd is what it stands for in the tests. This file and the other of its name run where glewlwyd can be had.

import { describe } from "node:test";
import { glewlwyd } from "../support/providers/glewlwyd.mjs";
import { honestProvider } from "../support/providers/honesty.mjs";

describe("glewlwyd", () => honestProvider(glewlwyd, { algorithm: "RS256", type: "JWT" }));
