#include "seccomp_profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "seccomp.h"
#include "util.h"

static const char *const OPERATORS[] = {"NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"};
static const enum scmp_compare COMPARES[] = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                             SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};

static uint32_t action_of(const char *key, const char *value) {
  const int64_t action = parse_number(value, UINT32_MAX);
  errno = 0;
  if (action < 0) fail("SPEC_INVALID", "%s: no action: %s", key, value);
  return (uint32_t)action;
}

static struct seccomp_rule *new_rule(struct seccomp_profile *profile) {
  struct seccomp_rule *rules = realloc(profile->rules, (profile->rule_count + 1) * sizeof *rules);
  if (rules == NULL) fail("RUNNER_MEMORY", "out of memory");
  profile->rules = rules;
  struct seccomp_rule *rule = &rules[profile->rule_count++];
  *rule = (struct seccomp_rule){0};
  return rule;
}

static void add_name(struct seccomp_rule *rule, const char *name) {
  const char **names = realloc(rule->names, (rule->name_count + 1) * sizeof *names);
  if (names == NULL) fail("RUNNER_MEMORY", "out of memory");
  rule->names = names;
  names[rule->name_count++] = name;
}

static void add_argument(struct seccomp_rule *rule, const char *value) {
  unsigned index;
  char operator[16];
  unsigned long long first, second;
  const int found = sscanf(value, "%u %15s %llu %llu", &index, operator, &first, &second);
  size_t at = 0;
  while (found == 4 && at < LENGTH(OPERATORS) && strcmp(OPERATORS[at], operator) != 0) at++;
  errno = 0;
  if (found != 4 || at == LENGTH(OPERATORS) || index > 5 || rule->arg_count == LENGTH(rule->args))
    fail("SPEC_INVALID", "seccomp-arg: %s", value);
  rule->args[rule->arg_count++] =
      (struct scmp_arg_cmp){.arg = index, .op = COMPARES[at], .datum_a = first, .datum_b = second};
}

bool read_seccomp(struct seccomp_profile *profile, const char *key, const char *value) {
  if (strcmp(key, "seccomp-none") == 0) {
    profile->kind = SECCOMP_KIND_NONE;
  } else if (strcmp(key, "seccomp-default") == 0) {
    profile->kind = SECCOMP_KIND_PROFILE;
    profile->default_action = action_of(key, value);
  } else if (strcmp(key, "seccomp-rule") == 0) {
    new_rule(profile)->action = action_of(key, value);
  } else if (strcmp(key, "seccomp-name") == 0 && profile->rule_count > 0) {
    add_name(&profile->rules[profile->rule_count - 1], value);
  } else if (strcmp(key, "seccomp-arg") == 0 && profile->rule_count > 0) {
    add_argument(&profile->rules[profile->rule_count - 1], value);
  } else {
    return false;
  }
  return true;
}

scmp_filter_ctx make_profile(const struct seccomp_profile *profile) {
  scmp_filter_ctx filter = seccomp_init(profile->default_action);
  errno = EINVAL;
  if (filter == NULL) fail("SANDBOX_SECCOMP", "the profile's default action");
  add_architectures(filter);
  seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (size_t i = 0; i < profile->rule_count; i++) {
    const struct seccomp_rule *rule = &profile->rules[i];
    /* libseccomp refuses what says no more than the default */
    if (rule->action == profile->default_action) continue;
    for (size_t name = 0; name < rule->name_count; name++)
      add_rule(filter, rule->action, rule->names[name], rule->arg_count, rule->args);
  }
  return filter;
}
