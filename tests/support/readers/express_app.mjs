// An Express application with a secret behind a route, and a page in a folder: that of its argument.

import express from "express";

const app = express();
app.get("/admin/:page", (request, response, next) => {
  if (request.params.page === "secret.txt") response.type("text/plain").send("the secret");
  else next();
});
app.use(express.static(process.argv[2]));
const server = app.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
