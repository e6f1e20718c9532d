import { fromPackage } from '../../scripts/npm-package.mjs';

// A package that carries the sources of libzstd: what can be installed from the registry can be built without any
// other place.
const PACKAGE = 'zstd-napi@0.0.13';
const INTEGRITY =
  'sha512-ErGF+Ko1PsbooU6oC/sc/diiWKwVa0kd/5AkFSs7kg5kwcEuOtSzOy3xUOadXQlAVNab9TxsxaUk3hOq3cj/lA==';

/** @returns {string} the directory `lib` of libzstd */
export const zstdSource = () => fromPackage(PACKAGE, INTEGRITY, 'deps/zstd/lib');
