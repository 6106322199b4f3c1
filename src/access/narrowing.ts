import { type Rights, rightsFrom } from '#src/access/actor.ts'
import { covers } from '#src/access/granting.ts'

/** What takes somebody in person: whoever has a key has no way to more than it, nor to another identity. */
const IN_PERSON = ['api_key:create', 'api_key:update', 'organization:enter', 'user:impersonate']

/** Whether a permission, with its scope or without, may be chosen for an API key at all. */
export const forKeys = (permission: string): boolean =>
  !IN_PERSON.some((one) => permission === one || permission.startsWith(`${one}:`))

/**
 * Of a list that was chosen, what counts now: all that somebody's rights cover. Never more than those.
 */
export const counting = (held: Pick<Rights, 'scopes'>, chosen: readonly string[]): string[] =>
  chosen.filter((code) => forKeys(code) && covers(held.scopes, [code]))

/** The rights of who acts by an API key: the chosen ones, in the owner's groups, of which it leads none. */
export const chosenRights = (held: Rights, chosen: readonly string[]): Rights =>
  rightsFrom(counting(held, chosen), [...held.readGroups], [...held.writeGroups])
