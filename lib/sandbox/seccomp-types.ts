/** A profile of system calls with docker's conditions, as its JSON is written. */
export interface SeccompJson {
  defaultAction: string;
  defaultErrnoRet?: number;
  syscalls?: SeccompJsonRule[];
  [other: string]: unknown;
}

export interface SeccompJsonRule {
  name?: string;
  names?: string[];
  action: string;
  errnoRet?: number;
  args?: SeccompArgument[] | null;
  includes?: SeccompConditions | null;
  excludes?: SeccompConditions | null;
}

export interface SeccompConditions {
  caps?: string[];
  arches?: string[];
  minKernel?: string;
}

export interface SeccompArgument {
  index: number;
  value: number;
  valueTwo?: number;
  /** `SCMP_CMP_EQ`, … */
  op: string;
}

/** A profile as it applies to one container: no conditions are left. */
export interface SeccompRules {
  defaultAction: string;
  defaultErrnoRet: number;
  syscalls: SeccompRule[];
}

export interface SeccompRule {
  names: string[];
  /** `SCMP_ACT_ALLOW`, … */
  action: string;
  errnoRet?: number;
  args?: SeccompArgument[];
}
