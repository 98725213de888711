// A real OpenID Connect provider for the tests. It lets in whoever names an account, without a password:
//
//   [mark#]email[!]    "!" at the end: it does not know whether the address is theirs; no email: it does not know one
//
// All of it is the subject, so that a mark makes another person of the same address. One that begins with "fault-" gets an ID token
// with that fault. Its settings are JSON in its first argument:
// { port, key, redirect_uris, client_id, client_secret }. Once it listens it prints its issuer.
import { createServer } from "node:http";
import { SignJWT, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

const settings = JSON.parse(process.argv[2]);

async function newKey(kid) {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { private: privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" } };
}

const key = await newKey(settings.key ?? "first");
const stranger = await newKey("stranger");

const FAULTS = {
  "fault-audience": { claims: { aud: "somebody-else" } },
  "fault-audiences": { claims: { aud: ["memoreel", "somebody-else"] } },
  "fault-nonce": { claims: { nonce: "of another trip" } },
  "fault-no-nonce": { claims: { nonce: undefined } },
  "fault-issuer": { claims: { iss: "https://id.somebody-else.example" } },
  "fault-expired": { claims: { exp: 1_700_000_000 } },
  "fault-access-token": { claims: { at_hash: "AAAAAAAAAAAAAAAAAAAAAA" } },
  "fault-signature": { key: stranger.private },
  "fault-key": { key: stranger.private, header: { kid: "stranger" } },
  "fault-shared-secret": { key: new TextEncoder().encode(settings.client_secret), header: { alg: "HS256", kid: undefined } },
  "fault-unsigned": { unsigned: true },
};

async function spoil(token, fault) {
  const claims = { ...decodeJwt(token), ...fault.claims };
  const header = { ...decodeProtectedHeader(token), ...fault.header };
  if (fault.unsigned) {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "none" })}.${part(claims)}.`;
  }
  return new SignJWT(claims).setProtectedHeader(header).sign(fault.key ?? key.private);
}

function account(login) {
  const [, email, doubt] = /^(?:[^#]*#)?(.*?)(!?)$/u.exec(login);
  const claims = email === "" ? {} : { email, email_verified: doubt === "" };
  return { sub: login, name: `Person ${email.split("@")[0]}`.trim(), ...claims };
}

const server = createServer((request, response) => handle(request, response));
await new Promise((resolve) => server.listen(settings.port ?? 0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: settings.client_id,
      client_secret: settings.client_secret,
      redirect_uris: settings.redirect_uris,
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  jwks: { keys: [key.jwk] },
  cookies: { keys: ["of the tests"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_context, login) => ({ accountId: login, claims: () => account(login) }),
  // Nobody is asked what may be told of them.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
  ttl: { AccessToken: 600, AuthorizationCode: 600, Grant: 600, IdToken: 3600, Interaction: 600, Session: 3600 },
});
provider.use(async (context, next) => {
  await next();
  if (context.oidc?.route !== "token" || !context.body?.id_token) return;
  const fault = FAULTS[decodeJwt(context.body.id_token).sub.split("#")[0]];
  if (fault) context.body.id_token = await spoil(context.body.id_token, fault);
});
const handle = provider.callback();
console.log(issuer);
// It ends with whoever started it.
process.stdin.resume().on("end", () => process.exit());
