export { RegistryClient, type RegistryClientOptions } from './client.js';
export { loginFilePath, storedCredentials } from './credentials.js';
export { type LoginOptions, type LoginResult, login, logout } from './login.js';
export type { CallOptions, FetchedManifest } from './manifests.js';
export { type Mirror, parseMirrors } from './mirrors.js';
export { fetchLayers, type PulledImage, type PullOptions, pullImage } from './pull.js';
export { type PushOptions, type PushResult, pushImage } from './push.js';
export type { ListTagsOptions } from './tags.js';
export type * from './types.js';
