import type { IncomingHttpHeaders } from 'node:http';
import type { BodyLimits } from './body.js';
import { type Challenge, parseChallenges } from './challenge.js';
import type { HttpTransport } from './http.js';
import { basicAuthorization, fetchToken, type Token } from './token.js';
import type { Credentials } from './types.js';

export interface AuthSettings {
  registry: URL;
  /** credentials for a repository of this registry */
  credentials: (repository?: string) => Promise<Credentials | undefined>;
  trustedRealms: readonly string[];
  limits: BodyLimits;
}

/** What a request needs: the repository whose credentials count, and the rights to ask for. */
export interface AccessRequest {
  repository?: string;
  /** `repository:library/debian:pull` */
  scopes: readonly string[];
}

/**
 * Learns how a registry wants to be asked, and answers with a header. One per registry; tokens are kept by realm,
 * service and scopes, and shared by requests that run at the same time.
 */
export class Authenticator {
  private challenge: Challenge | undefined;
  private readonly tokens = new Map<string, Promise<Token>>();

  constructor(
    private readonly transport: HttpTransport,
    private readonly settings: AuthSettings,
  ) {}

  /** `Authorization` for a request, or undefined as long as the registry has asked for none. */
  async header(access: AccessRequest): Promise<string | undefined> {
    if (this.challenge === undefined) return undefined;
    const credentials = await this.settings.credentials(access.repository);
    if (this.challenge.scheme === 'basic') return basicAuthorization(credentials);
    if (credentials?.registryToken !== undefined) return `Bearer ${credentials.registryToken}`;
    return `Bearer ${(await this.token(access, credentials)).value}`;
  }

  /**
   * Takes in a 401.
   * @param tried the `Authorization` that was refused
   * @returns whether another try has better chances
   */
  async learn(
    headers: IncomingHttpHeaders,
    access: AccessRequest,
    tried: string | undefined,
  ): Promise<boolean> {
    const challenges = parseChallenges(headers['www-authenticate'] ?? '');
    const bearer = challenges.find(
      ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
    );
    const chosen = bearer ?? challenges.find(({ scheme }) => scheme === 'basic');
    if (chosen === undefined) return false;
    if (chosen.scheme === 'bearer' && tried?.startsWith('Bearer ')) await this.forget(access, tried);
    this.challenge = chosen;
    const next = await this.header(access);
    return next !== undefined && next !== tried;
  }

  /** Drops a refused token, unless another request has replaced it already. */
  private async forget(access: AccessRequest, tried: string): Promise<void> {
    const key = this.key(access);
    const token = await this.tokens.get(key)?.catch(() => undefined);
    if (token !== undefined && `Bearer ${token.value}` === tried) this.tokens.delete(key);
  }

  private key(access: AccessRequest): string {
    const { parameters } = this.challenge ?? { parameters: new Map<string, string>() };
    return JSON.stringify([
      parameters.get('realm'),
      parameters.get('service'),
      access.repository,
      access.scopes,
    ]);
  }

  private async token(access: AccessRequest, credentials: Credentials | undefined): Promise<Token> {
    const key = this.key(access);
    const known = this.tokens.get(key);
    const held = await known;
    if (held !== undefined && held.expires > Date.now()) return held;
    if (known !== undefined && this.tokens.get(key) !== known) return this.token(access, credentials);
    const fresh = this.fetch(access, credentials);
    this.tokens.set(key, fresh);
    fresh.catch(() => this.tokens.delete(key));
    return fresh;
  }

  private fetch(access: AccessRequest, credentials: Credentials | undefined): Promise<Token> {
    const { registry, trustedRealms, limits } = this.settings;
    const parameters = this.challenge?.parameters ?? new Map<string, string>();
    return fetchToken(this.transport, {
      realm: parameters.get('realm') ?? '',
      service: parameters.get('service'),
      scopes: access.scopes,
      credentials,
      registry,
      trustedRealms,
      limits,
    });
  }
}
