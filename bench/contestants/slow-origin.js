// An application that takes 50 ms.

import application from "./origin.js";

export default {
  async fetch(request) {
    await scheduler.wait(50);
    return application.fetch(request);
  },
};
