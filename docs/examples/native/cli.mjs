// Log in from a terminal with oauth4webapi: the browser comes back to a port of this machine (RFC 8252 7.3), or to a
// scheme of our own, which the system hands to the app that registered it (RFC 8252 7.1).
//
//   node cli.mjs ISSUER CLIENT_ID                                   listens on a free port of 127.0.0.1
//   node cli.mjs ISSUER CLIENT_ID com.example.cli:/callback         reads the address it was called with from a line
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import * as oauth from "oauth4webapi";

const [issuerText, client_id, ownScheme] = process.argv.slice(2);
const issuer = new URL(issuerText);
// Only for a server on this machine; every other is https.
const options = { [oauth.allowInsecureRequests]: issuer.protocol === "http:" };
const client = { client_id };
const say = (text) => process.stdout.write(`${text}\n`);

const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
const way = ownScheme ? waitForLine(ownScheme) : await waitOnPort();

// Log in.
const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const asked = new URL(server.authorization_endpoint);
asked.search = new URLSearchParams({
  client_id,
  redirect_uri: way.redirectUri,
  response_type: "code",
  scope: "openid profile",
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
});
say(`Open this address: ${asked}`);
const returned = oauth.validateAuthResponse(server, client, await way.returned, state);
let answer = await oauth.authorizationCodeGrantRequest(
  server, client, oauth.None(), returned, way.redirectUri, verifier, options,
);
let tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
  expectedNonce: nonce,
  requireIdToken: true,
});
const { sub } = oauth.getValidatedIdTokenClaims(tokens);
const idToken = tokens.id_token;

// Who is it?
answer = await oauth.userInfoRequest(server, client, tokens.access_token, options);
const person = await oauth.processUserInfoResponse(server, client, sub, answer);
say(`Logged in as ${person.name ?? person.sub}.`);

// The next pair of tokens.
answer = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token, options);
tokens = await oauth.processRefreshTokenResponse(server, client, answer);
say(`Refreshed, for ${tokens.expires_in} seconds.`);

// Give them back, which ends this session and leaves the browser's login alone.
answer = await oauth.revocationRequest(server, client, oauth.None(), tokens.refresh_token, options);
await oauth.processRevocationResponse(answer);
say("Given back.");

// Or end the login itself: the browser confirms, if it has to, and comes back.
const out = new URL(server.end_session_endpoint);
out.search = new URLSearchParams({ client_id, id_token_hint: tokens.id_token ?? idToken });
say(`To log out of the browser too, open: ${out}`);

/** Listen on a port that is free; the browser's request is the answer. */
async function waitOnPort() {
  const listener = createServer();
  await new Promise((ready) => listener.listen(0, "127.0.0.1", ready));
  const redirectUri = `http://127.0.0.1:${listener.address().port}/callback`;
  const returned = new Promise((take) => {
    listener.on("request", (request, response) => {
      const url = new URL(request.url, redirectUri);
      if (url.pathname !== "/callback") {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { "Content-Type": "text/plain", Connection: "close" }).end("You may close this window.");
      listener.close();
      take(url);
    });
  });
  return { redirectUri, returned };
}

/** A system starts the app again with the whole address; here it is typed or piped in. */
function waitForLine(redirectUri) {
  const lines = createInterface({ input: process.stdin });
  const returned = new Promise((take) => {
    lines.once("line", (line) => {
      lines.close();
      if (!line.startsWith(`${redirectUri}?`)) throw new Error("not our address");
      take(new URL(line));
    });
  });
  return { redirectUri, returned };
}
