/** What policies are configured with, and which of it they refuse. Reads no YAML, so that whoever runs a plan may import it. */
import type { Policy, PolicyConfig } from '../policies/ports.ts';
import { POLICIES } from '../policies/registry.ts';
import type { Plan } from '../sim/plan.ts';
import { type PathKey, refusalOf } from './problems.ts';

/** The complete configuration of a policy: settings that it shares with the koordinator section, then its `own`. Throws the policy's ConfigError. */
export function configOf(policy: Policy, { koordinator }: Plan, own: PolicyConfig): PolicyConfig {
  const shared = Object.entries({ ...koordinator, ...koordinator.quirks }).filter(([key]) =>
    Object.hasOwn(policy.defaults, key),
  );
  return policy.configure({ ...Object.fromEntries(shared), ...own });
}

/** Configurations that policies of the registry refuse, in their words, at the first setting that these name. */
export function refusedConfigs(plan: Plan): { readonly path: readonly PathKey[]; readonly text: string }[] {
  return plan.policies.flatMap(({ name, config }, index) => {
    if (!Object.hasOwn(POLICIES, name)) return [];
    const refusal = refusalOf(() => configOf(POLICIES[name], plan, config));
    if (typeof refusal !== 'string') return [];
    // The words begin with "policy NAME:".
    const words = refusal.slice(refusal.indexOf(':')).split(/\W+/);
    const key = words.find((word) => Object.hasOwn(config, word));
    const path = ['policies', index, ...(key === undefined ? [] : ['config', key])];
    return [{ path, text: `is refused: ${refusal}` }];
  });
}
