// Log in, ask who it is, refresh, give the tokens back, log out: oidc-client-ts does the protocol (code and PKCE).
"use strict";

const here = location.origin + location.pathname;
const manager = new oidc.UserManager({
  ...window.settings,
  redirect_uri: here,
  post_logout_redirect_uri: here,
  scope: "openid profile",
  // An access token lives five minutes; a refresh token, used once, brings the next pair.
  automaticSilentRenew: true,
  // Tokens end with the tab.
  userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
});

const element = (id) => document.getElementById(id);
const tell = (what) => (element("told").textContent = JSON.stringify(what, null, 2));

function show(user) {
  const name = user && (user.profile.name || user.profile.sub);
  element("who").textContent = user ? `Logged in as ${name}.` : "Nobody is logged in.";
  element("login").disabled = Boolean(user);
  for (const id of ["userinfo", "refresh", "revoke", "logout"]) element(id).disabled = !user;
}

// What a button does, and what went wrong: the server's words can be read from here (CORS).
function on(id, work) {
  element(id).addEventListener("click", async () => {
    try {
      tell(await work());
    } catch (problem) {
      tell({ error: problem.error || problem.name, description: problem.error_description || problem.message });
    }
  });
}

on("login", () => manager.signinRedirect());

on("userinfo", async () => {
  const { access_token } = await manager.getUser();
  const { userinfo_endpoint } = await manager.metadataService.getMetadata();
  const answer = await fetch(userinfo_endpoint, { headers: { Authorization: `Bearer ${access_token}` } });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.headers.get("WWW-Authenticate")}`);
  return answer.json();
});

on("refresh", async () => {
  const user = await manager.signinSilent();
  show(user);
  return { expires_in: user.expires_in, scope: user.scope };
});

on("revoke", async () => {
  await manager.revokeTokens();
  return "given back";
});

on("logout", () => manager.signoutRedirect());

async function start() {
  const params = new URLSearchParams(location.search);
  if (params.has("code") || params.has("error")) {
    try {
      await manager.signinCallback();
    } catch (problem) {
      tell({ error: problem.error || problem.name, description: problem.error_description || problem.message });
    }
    history.replaceState(null, "", here);
  }
  show(await manager.getUser());
}

start();
