import type { RemoteAccess } from '../context/index.js';
import type { BuildSession } from './session.js';

type Givers = Pick<BuildSession, 'secret' | 'agent'>;

/**
 * Proofs for remote hosts out of the secrets and agents of a build, by docker's names: `GIT_AUTH_HEADER[.HOST]`,
 * `GIT_AUTH_TOKEN[.HOST]`, `HTTP_AUTH_HEADER_HOST`, `HTTP_AUTH_TOKEN_HOST`. Nothing that the caller did not give.
 *
 * @see https://docs.docker.com/build/building/secrets/#git-authentication-for-remote-contexts
 */
export function remoteAccess({ secret, agent }: Givers): RemoteAccess {
  const text = async (id: string): Promise<string | undefined> => {
    const value = await secret(id);
    // the newline that an editor leaves at the end of a file is no part of a header
    return value === undefined ? undefined : Buffer.from(value).toString('utf8').trimEnd();
  };
  return {
    agent: () => agent('default'),
    authorization: async (kind, url) => {
      const { host, hostname } = new URL(url);
      return kind === 'git' ? gitAuthorization(text, host) : httpAuthorization(text, hostname);
    },
  };
}

type SecretText = (id: string) => Promise<string | undefined>;

/** The first that there is: of this host before those of all, a header before a token. */
async function gitAuthorization(text: SecretText, host: string): Promise<string | undefined> {
  for (const scope of [`.${host}`, '']) {
    const header = await text(`GIT_AUTH_HEADER${scope}`);
    if (header !== undefined) return header;
    const token = await text(`GIT_AUTH_TOKEN${scope}`);
    if (token !== undefined) return `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  }
  return undefined;
}

/** docker lets the token win where there are both. */
async function httpAuthorization(text: SecretText, hostname: string): Promise<string | undefined> {
  const token = await text(`HTTP_AUTH_TOKEN_${hostname}`);
  return token === undefined ? text(`HTTP_AUTH_HEADER_${hostname}`) : `Bearer ${token}`;
}
