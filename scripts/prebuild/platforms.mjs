/** npm's names of the CPUs that package.json's `napi.targets` names. */
export const CPUS = { x86_64: 'x64', aarch64: 'arm64' };

/** `x86_64-unknown-linux-gnu` in npm's words: linux-x64-gnu. */
export function platformOf(target) {
  const [cpu, , system, libc] = target.split('-');
  return `${system}-${CPUS[cpu]}-${libc}`;
}
