// The floor of the platform: a Worker that does nothing.

export default {
  fetch() {
    return new Response("hello");
  },
};
