// Each library by what its own documentation shows, on what the server's discovery document says.
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import passport from "passport";
import OAuth2Strategy from "passport-oauth2";
import OpenIDConnectStrategy from "passport-openidconnect";
import { AuthorizationCode } from "simple-oauth2";

const SCOPE = "openid profile";

export const LIBRARIES = {
  "openid-client": useOpenidClient,
  oauth4webapi: useOauth4webapi,
  "passport-openidconnect": usePassportOpenidConnect,
  "passport-oauth2": usePassportOauth2,
  "simple-oauth2": useSimpleOauth2,
};

async function useOpenidClient({ issuer, client_id, client_secret, redirect_uri, bye }) {
  const config = await openid.discovery(new URL(issuer), client_id, client_secret, undefined, {
    execute: [openid.allowInsecureRequests],
  });
  return {
    async login(request, response) {
      const kept = (request.session.kept = {
        pkceCodeVerifier: openid.randomPKCECodeVerifier(),
        expectedState: openid.randomState(),
        expectedNonce: openid.randomNonce(),
        idTokenExpected: true,
      });
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri,
        scope: SCOPE,
        code_challenge: await openid.calculatePKCECodeChallenge(kept.pkceCodeVerifier),
        code_challenge_method: "S256",
        state: kept.expectedState,
        nonce: kept.expectedNonce,
      });
      response.redirect(url.href);
    },
    async callback(request, _response, next) {
      const url = new URL(request.originalUrl, redirect_uri);
      const tokens = await openid.authorizationCodeGrant(config, url, request.session.kept);
      const person = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
      request.told = { tokens, person };
      next();
    },
    refresh: (tokens) => openid.refreshTokenGrant(config, tokens.refresh_token),
    logout: ({ id_token }) =>
      openid.buildEndSessionUrl(config, { post_logout_redirect_uri: bye, id_token_hint: id_token }).href,
  };
}

async function useOauth4webapi({ issuer, client_id, client_secret, redirect_uri, bye }) {
  const options = { [oauth.allowInsecureRequests]: true };
  const at = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(at, await oauth.discoveryRequest(at, options));
  const [client, secret] = [{ client_id }, oauth.ClientSecretBasic(client_secret)];
  return {
    async login(request, response) {
      const kept = (request.session.kept = {
        verifier: oauth.generateRandomCodeVerifier(),
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
      });
      const url = new URL(server.authorization_endpoint);
      url.search = new URLSearchParams({
        client_id,
        redirect_uri,
        response_type: "code",
        scope: SCOPE,
        state: kept.state,
        nonce: kept.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(kept.verifier),
        code_challenge_method: "S256",
      });
      response.redirect(url.href);
    },
    async callback(request, _response, next) {
      const { verifier, state, nonce } = request.session.kept;
      const url = new URL(request.originalUrl, redirect_uri);
      const params = oauth.validateAuthResponse(server, client, url, state);
      let answer = await oauth.authorizationCodeGrantRequest(
        server, client, secret, params, redirect_uri, verifier, options,
      );
      const expected = { expectedNonce: nonce, requireIdToken: true };
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, expected);
      await oauth.validateApplicationLevelSignature(server, answer, options);
      answer = await oauth.userInfoRequest(server, client, tokens.access_token, options);
      const { sub } = oauth.getValidatedIdTokenClaims(tokens);
      request.told = { tokens, person: await oauth.processUserInfoResponse(server, client, sub, answer) };
      next();
    },
    async refresh({ refresh_token }) {
      const answer = await oauth.refreshTokenGrantRequest(server, client, secret, refresh_token, options);
      return oauth.processRefreshTokenResponse(server, client, answer);
    },
    logout: ({ id_token }) => endSession(server, { client_id, id_token_hint: id_token, post_logout_redirect_uri: bye }),
  };
}

async function usePassportOpenidConnect({ issuer, client_id, client_secret, redirect_uri, bye }) {
  const server = await discover(issuer);
  const strategy = new OpenIDConnectStrategy(
    {
      issuer: server.issuer,
      authorizationURL: server.authorization_endpoint,
      tokenURL: server.token_endpoint,
      userInfoURL: server.userinfo_endpoint,
      clientID: client_id,
      clientSecret: client_secret,
      callbackURL: redirect_uri,
      scope: "profile",
    },
    // By their number passport knows that userinfo is wanted.
    (_issuer, person, _profile, _context, id_token, access_token, refresh_token, _params, done) =>
      done(null, { tokens: { id_token, access_token, refresh_token }, person: { sub: person.id, name: person.displayName } }),
  );
  return usePassport(strategy, server, client_id, bye);
}

async function usePassportOauth2({ issuer, client_id, client_secret, redirect_uri, bye }) {
  const server = await discover(issuer);
  const strategy = new OAuth2Strategy(
    {
      authorizationURL: server.authorization_endpoint,
      tokenURL: server.token_endpoint,
      clientID: client_id,
      clientSecret: client_secret,
      callbackURL: redirect_uri,
      scope: SCOPE.split(" "),
      state: true,
      pkce: true,
    },
    (access_token, refresh_token, { id_token }, person, done) =>
      done(null, { tokens: { access_token, refresh_token, id_token }, person }),
  );
  strategy._oauth2.useAuthorizationHeaderforGET(true);
  strategy.userProfile = (token, done) =>
    strategy._oauth2.get(server.userinfo_endpoint, token, (problem, body) => done(problem, body && JSON.parse(body)));
  return usePassport(strategy, server, client_id, bye);
}

// As passport-oauth2-refresh does it: by the OAuth2 object that the strategy holds.
function usePassport(strategy, server, client_id, bye) {
  const login = passport.authenticate(strategy, { session: false });
  return {
    login,
    callback: (request, response, next) =>
      login(request, response, (problem) => {
        request.told = request.user;
        next(problem);
      }),
    refresh: ({ refresh_token }) =>
      new Promise((take, fail) =>
        strategy._oauth2.getOAuthAccessToken(refresh_token, { grant_type: "refresh_token" }, (problem, access, next) =>
          problem ? fail(new Error(problem.data)) : take({ access_token: access, refresh_token: next }),
        ),
      ),
    logout: ({ id_token }) => endSession(server, { client_id, id_token_hint: id_token, post_logout_redirect_uri: bye }),
  };
}

async function useSimpleOauth2({ issuer, client_id, client_secret, redirect_uri, bye }) {
  const server = await discover(issuer);
  const library = new AuthorizationCode({
    client: { id: client_id, secret: client_secret },
    auth: {
      tokenHost: issuer,
      tokenPath: new URL(server.token_endpoint).pathname,
      revokePath: new URL(server.revocation_endpoint).pathname,
      authorizeHost: issuer,
      authorizePath: new URL(server.authorization_endpoint).pathname,
    },
  });
  return {
    login(request, response) {
      request.session.state = oauth.generateRandomState();
      response.redirect(library.authorizeURL({ redirect_uri, scope: SCOPE, state: request.session.state }));
    },
    async callback(request, _response, next) {
      if (request.query.state !== request.session.state) throw new Error("another state");
      const { token } = await library.getToken({ code: request.query.code, redirect_uri });
      const headers = { Authorization: `${token.token_type} ${token.access_token}` };
      const answer = await fetch(server.userinfo_endpoint, { headers });
      request.told = { tokens: token, person: await answer.json() };
      next();
    },
    refresh: async (tokens) => (await library.createToken(tokens).refresh()).token,
    logout: ({ id_token }) => endSession(server, { client_id, id_token_hint: id_token, post_logout_redirect_uri: bye }),
  };
}

const discover = async (issuer) => (await fetch(`${issuer}/.well-known/openid-configuration`)).json();

function endSession(server, params) {
  const url = new URL(server.end_session_endpoint);
  url.search = new URLSearchParams(params);
  return url.href;
}
