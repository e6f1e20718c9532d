export { compileGoMatch, goMatch } from './go-match.js';
export { cleanPath, compileIgnore, type IgnoreMatcher, type IgnoreState, parseIgnoreFile } from './ignore.js';
