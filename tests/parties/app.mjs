// An application on Express that logs in with one library: node app.mjs LIBRARY SETTINGS (JSON).
// /login, /callback (who it is and the tokens, as JSON), /refresh, /logout, /bye.
import express from "express";
import session from "express-session";
import { LIBRARIES } from "./libraries.mjs";

const settings = JSON.parse(process.argv[3]);
const library = await LIBRARIES[process.argv[2]](settings);
const app = express();
app.use(session({ secret: "of a test", resave: false, saveUninitialized: false }));

app.get("/login", library.login);
app.get("/callback", library.callback, (request, response) => {
  request.session.tokens = request.told.tokens;
  response.json(request.told);
});
app.get("/refresh", async (request, response) => {
  // What an answer leaves out stays.
  request.session.tokens = { ...request.session.tokens, ...(await library.refresh(request.session.tokens)) };
  response.json({ tokens: request.session.tokens });
});
app.get("/logout", async (request, response) => response.redirect(await library.logout(request.session.tokens)));
app.get("/bye", (request, response) => response.json({ bye: request.query }));
// Four arguments make it the handler of errors.
app.use((problem, request, response, next) => response.status(500).json({ problem: String(problem.stack) }));

app.listen(settings.port, "127.0.0.1", () => process.stdout.write("ready\n"));
