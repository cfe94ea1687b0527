// The floor of any gate: the request goes to the origin as it is.

export default {
  fetch(request, env) {
    return env.ORIGIN.fetch(request);
  },
};
