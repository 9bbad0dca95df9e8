// `PEER_DATABASE=… node server.mjs PORT FILE`: node-oidc-provider with one client and one remembered login.
//
// The first process makes the data, tells them in FILE and starts two workers, which share the port.
import cluster from 'node:cluster';
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

import { openStore } from './store.mjs';

const WORKERS = 2;
const ACCOUNT = 'alice';
const SCOPES = 'openid profile';
const HOUR = 3600;
const [port, file] = [Number(process.argv[2]), process.argv[3]];

// Node.js before 22 lacks it, and the provider calls it.
URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);

// What all processes share: made once, handed to the workers in their environment.
function makeSecrets() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    client: 'bench',
    secret: randomBytes(32).toString('base64url'),
    redirect: 'https://client.example.com/callback',
    cookieKey: randomBytes(32).toString('base64url'),
    key: { ...privateKey.export({ format: 'jwk' }), kid: 'peer', use: 'sig', alg: 'RS256' },
  };
}

function createProvider(held, adapter) {
  return new Provider(`http://127.0.0.1:${port}`, {
    adapter,
    clients: [{
      client_id: held.client,
      client_secret: held.secret,
      redirect_uris: [held.redirect],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'RS256',
      scope: SCOPES,
    }],
    clientAuthMethods: ['client_secret_post'],
    jwks: { keys: [held.key] },
    cookies: { keys: [held.cookieKey] },
    claims: { openid: ['sub'], profile: ['name'] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
      userinfo: { enabled: true },
    },
    pkce: { required: () => true },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    // As at the floor, a token needs no look at the session it came from.
    expiresWithSession: async () => false,
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'Alice' }) }),
    interactions: { url: () => '/no-interaction' },
    ttl: {
      AccessToken: HOUR, AuthorizationCode: 60, ClientCredentials: HOUR, IdToken: HOUR, RefreshToken: 24 * HOUR,
      Grant: 24 * HOUR, Session: 24 * HOUR, Interaction: HOUR,
    },
  });
}

// A login and a consent that are remembered, as the provider keeps them itself; returns the cookie.
async function remember(provider, held) {
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId: held.client });
  grant.addOIDCScope(SCOPES);
  const session = new provider.Session({});
  session.loginAccount({ accountId: ACCOUNT });
  session.ensureClientContainer(held.client);
  session.grantIdFor(held.client, await grant.save());
  await session.save(24 * HOUR);
  const name = provider.cookieName('session');
  const signature = createHmac('sha1', held.cookieKey).update(`${name}=${session.id}`).digest('base64url');
  return `${name}=${session.id}; ${name}.sig=${signature}`;
}

async function main() {
  const adapter = openStore(process.env.PEER_DATABASE);
  if (cluster.isWorker) {
    const provider = createProvider(JSON.parse(process.env.PEER_HELD), adapter);
    provider.on('server_error', (ctx, error) => console.error(error));
    createServer(provider.callback()).listen(port, '127.0.0.1');
    return;
  }
  const held = makeSecrets();
  await adapter.makeTables();
  const cookie = await remember(createProvider(held, adapter), held);
  for (let count = 0; count < WORKERS; count += 1) cluster.fork({ PEER_HELD: JSON.stringify(held) });
  let ready = 0;
  cluster.on('listening', () => {
    ready += 1;
    if (ready < WORKERS) return;
    // Whoever waits for the file finds it whole, and all workers listening.
    const { client, secret, redirect } = held;
    writeFileSync(`${file}.new`, JSON.stringify({ client, secret, redirect, cookie }));
    renameSync(`${file}.new`, file);
  });
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit(0);
  });
}

await main();
