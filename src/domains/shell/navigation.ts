import type { UserActor } from '#src/access/actor.ts'
import type { Domain, NavigationEntry } from '#src/resource/domain.ts'

/** What stands in the sidebar: only where the person can go. */
export const navigationFor = (actor: UserActor, contexts: readonly Domain[]): NavigationEntry[] =>
  contexts
    .flatMap(({ navigation = [] }) => navigation)
    .filter(
      ({ can, platform }) =>
        (!can || [can].flat().every((one) => actor.can(one))) &&
        (!platform || actor.identity.organization.kind === 'platform'),
    )
