/**
 * Build contexts: where COPY and ADD take their files from, which of them are ignored, and what is in them.
 */
export {
  type ArchiveKind,
  archiveKind,
  archiveKindOf,
  decompressForeign,
  isTarFile,
  type UnpackOptions,
  unpackArchive,
} from './archive.js';
export { DigestCache } from './digests.js';
export { ContextFiles, type ContextFilesOptions } from './files.js';
export { type ClonedRepository, type CloneOptions, cloneGit } from './git.js';
export { type GitSource, parseGitUrl } from './git-url.js';
export { compileGoMatch, goMatch } from './go-match.js';
export { fetchUrl } from './http.js';
export { cleanPath, compileIgnore, type IgnoreMatcher, type IgnoreState, parseIgnoreFile } from './ignore.js';
export { openContext } from './open.js';
export { remoteFileName } from './remote-name.js';
export type * from './types.js';
