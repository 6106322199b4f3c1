import { type Rights, rightsFrom } from '#src/access/actor.ts'
import { covers } from '#src/access/granting.ts'

/** Actions that need a person: a key must not lead to more than itself, nor to another identity. */
const IN_PERSON = ['api_key:create', 'api_key:update', 'organization:enter', 'user:impersonate']

/** Whether an API key may have the permission at all; the code's scope is optional. */
export const forKeys = (permission: string): boolean =>
  !IN_PERSON.some((one) => permission === one || permission.startsWith(`${one}:`))

/**
 * The chosen permissions that count now: those the owner's rights cover, never more.
 */
export const counting = (held: Pick<Rights, 'scopes'>, chosen: readonly string[]): string[] =>
  chosen.filter((code) => forKeys(code) && covers(held.scopes, [code]))

/** The rights of an API key: its chosen permissions in the owner's groups, leading none of them. */
export const chosenRights = (held: Rights, chosen: readonly string[]): Rights =>
  rightsFrom(counting(held, chosen), [...held.readGroups], [...held.writeGroups])
