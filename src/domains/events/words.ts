import type { EventRecord } from '#src/domains/events/model.ts'
import type { Clock } from '#src/platform/clock.ts'

/** The names of the records that lines of the trail speak of, by id. */
export type Names = ReadonlyMap<string, string>

/** What happened, to choose from in a filter: an action, and its words. */
export const actions: Readonly<Record<string, string>> = {
  'user:create': 'Person added',
  'user:update': 'Person changed',
  'user:delete': 'Person deleted',
  'user:restore': 'Person restored',
  'user_role:create': 'Role given',
  'user_role:update': 'Assignment of a role changed',
  'user_role:delete': 'Role taken',
  'group:create': 'Group added',
  'group:update': 'Group changed',
  'group:delete': 'Group deleted',
  'group:restore': 'Group restored',
  'group_member:create': 'Put into a group',
  'group_member:update': 'Role in a group changed',
  'group_member:delete': 'Taken out of a group',
  'role:create': 'Role added',
  'role:update': 'Role changed',
  'role:delete': 'Role deleted',
  'role:restore': 'Role restored',
  'role:effect': 'People gained or lost permissions',
  'role_permission:create': 'Permission put into a role',
  'role_permission:delete': 'Permission taken out of a role',
  'role_parent:create': 'Inheritance begun',
  'role_parent:delete': 'Inheritance ended',
  'permission:create': 'Permission added',
  'permission:update': 'Permission changed',
  'permission:delete': 'Permission deleted',
  'session:create': 'Session begun',
  'session:update': 'Session changed or ended',
  'api_key:create': 'API key made',
  'api_key:update': 'API key changed, rotated or revoked',
  'auth:sign_in': 'Signed in',
  'auth:sign_out': 'Signed out',
  'auth:switch_away': 'Changed to another organization',
  'auth:switch_here': 'Came from another organization',
  'auth:refresh_reused': 'Refresh token used twice',
  'auth:change_password': 'Password changed',
  'auth:reset_password': 'Password chosen by a link',
  'auth:request_email': 'Another address asked for',
  'auth:change_email': 'Address changed',
  'auth:undo_email': 'Change of address taken back',
  'auth:request_verification': 'Confirmation of an address asked for',
  'auth:verify_email': 'Address confirmed',
  'auth:unlock': 'Unlocked by a link',
  'auth:confirm': 'Proved again to be the person',
  'auth:turn_on_second_factor': 'Second factor turned on',
  'auth:turn_off_second_factor': 'Second factor turned off',
  'auth:renew_recovery_codes': 'Recovery codes renewed',
  'auth:use_recovery_code': 'Recovery code used',
  'user:reset_second_factor': 'Second factor taken away',
  'account:reset_second_factor': 'Second factor taken away by a command',
  'user:unlock': 'Person unlocked',
  'user:set_password': 'First password set',
  'account:create': 'Account made by a command',
  'secrets:rotate': 'Secrets sealed anew by a command',
  'account:unlock': 'Unlocked by a command',
  'account:reset_password': 'Password set by a command',
  'account:end_sessions': 'Sessions ended by a command',
  'account:detach': 'Account detached',
  'access:denied': 'Refused',
  'organization:create': 'Organization added',
  'organization:update': 'Organization changed',
  'organization:enter': 'Organization entered',
  'organization:leave': 'Organization left',
  'organization:end_sessions': 'All sessions ended by a command',
  'job:retry': 'Failed job queued again by a command',
  'job:drop': 'Failed job taken away by a command',
}

/** Kinds of records, as an event's target names them. */
export const targets: Readonly<Record<string, string>> = {
  user: 'person',
  user_role: 'person',
  group: 'group',
  group_member: 'group',
  role: 'role',
  role_permission: 'role',
  role_parent: 'role',
  permission: 'permission',
  session: 'session',
  api_key: 'API key',
  organization: 'organization',
  route: 'address',
  job: 'job',
}

const verbs: Readonly<Record<string, string>> = {
  create: 'added',
  update: 'changed',
  delete: 'deleted',
  restore: 'restored',
}

type Said = (event: EventRecord, say: Say) => string
/** The words that a sentence is made of. */
type Say = { target: string; name: (field: string, otherwise: string) => string; clock: Clock }

const until = ({ data }: EventRecord, clock: Clock) =>
  data.after?.expires_at ? ` until ${clock.time(String(data.after.expires_at))}` : ''
const after = ({ data }: EventRecord, field: string) => String(data.after?.[field] ?? '')
const people = (counts: unknown) => Object.keys((counts ?? {}) as object).length
const permissions = (count: number) => (count === 1 ? '1 permission' : `${count} permissions`)

/** What is more than a verb and its object. */
const sentences: Readonly<Record<string, Said>> = {
  'user_role:create': (event, { target, name, clock }) =>
    `gave ${target} the role ${name('role_id', 'that was')}${until(event, clock)}`,
  'user_role:update': (event, { target, name, clock }) =>
    event.data.after && 'expires_at' in event.data.after
      ? `let ${target} keep the role ${name('role_id', 'that was')}${until(event, clock)}`
      : `changed how ${target} has the role ${name('role_id', 'that was')}`,
  'user_role:delete': (_, { target, name }) => `took the role ${name('role_id', 'that was')} from ${target}`,
  'group_member:create': (event, { target, name }) =>
    `put ${name('user_id', 'somebody')} into ${target} as ${after(event, 'role')}`,
  'group_member:update': (event, { target, name }) =>
    `made ${name('user_id', 'somebody')} ${after(event, 'role')} of ${target}`,
  'group_member:delete': (_, { target, name }) => `took ${name('user_id', 'somebody')} out of ${target}`,
  'role_permission:create': (_, { target, name }) =>
    `put ${name('permission_id', 'a permission')} into ${target}`,
  'role_permission:delete': (_, { target, name }) =>
    `took ${name('permission_id', 'a permission')} out of ${target}`,
  'role_parent:create': (_, { target, name }) =>
    `let ${target} inherit from ${name('parent_id', 'another role')}`,
  'role_parent:delete': (_, { target, name }) =>
    `let ${target} no longer inherit from ${name('parent_id', 'another role')}`,
  'role:effect': ({ data: { gains, loses } }, { target }) => {
    const gained = people(gains) ? `gave people ${permissions(people(gains))}` : ''
    const lost = people(loses) ? `took ${permissions(people(loses))} from people` : ''
    return `${[gained, lost].filter(Boolean).join(' and ')} by changing ${target}`
  },
  'session:create': () => 'opened a session',
  'session:update': (event, { name }) =>
    event.data.after?.revoked_at ? `ended a session of ${name('user_id', 'somebody')}` : 'changed a session',
  'api_key:create': (_, { target }) => `made ${target}`,
  'api_key:update': ({ data: { after = {} } }, { target }) =>
    `${after.revoked_at ? 'revoked' : after.prefix ? 'gave another secret to' : 'changed'} ${target}`,
  'auth:sign_in': () => 'signed in',
  'auth:sign_out': () => 'signed out',
  'auth:switch_away': () => 'changed to another organization',
  'auth:switch_here': () => 'came from another organization',
  'auth:refresh_reused': () => 'used a refresh token twice: the session ended',
  'auth:change_password': () => 'changed their password',
  'auth:reset_password': () => 'chose a password by a link in a mail',
  'auth:request_email': () => 'asked for another address',
  'auth:change_email': () => 'confirmed another address',
  'auth:undo_email': () => 'took a change of their address back',
  'auth:request_verification': () => 'asked to confirm their address',
  'auth:verify_email': () => 'confirmed their address',
  'auth:unlock': () => 'unlocked their account by a link in a mail',
  'account:create': (_, { target }) => `made ${target} by a command`,
  'account:unlock': (_, { target }) => `unlocked ${target} by a command`,
  'account:reset_password': (_, { target }) => `set a password for ${target} by a command`,
  'account:end_sessions': (_, { target }) => `ended sessions of ${target} by a command`,
  'account:detach': () => 'made their account theirs alone',
  'auth:confirm': () => 'proved again that it is them',
  'auth:turn_on_second_factor': () => 'turned their second factor on',
  'auth:turn_off_second_factor': () => 'turned their second factor off',
  'auth:renew_recovery_codes': () => 'had new recovery codes made',
  'auth:use_recovery_code': () => 'used a recovery code',
  'user:reset_second_factor': (_, { target }) => `took the second factor of ${target} away`,
  'account:reset_second_factor': (_, { target }) => `took the second factor of ${target} away by a command`,
  'user:unlock': (_, { target }) => `unlocked ${target}`,
  'user:set_password': (_, { target }) => `set the first password of ${target}`,
  'access:denied': ({ data }) => `was refused ${data.path ?? 'something'}`,
  'organization:enter': (_, { target }) => `entered ${target}`,
  'organization:leave': (_, { target }) => `left ${target}`,
  'organization:end_sessions': () => 'ended all sessions by a command',
}

/** One sentence in plain words: "Ada gave Bob the role Auditor until 1 Dec 2026, 09:00 CET". */
export function sentence(event: EventRecord, names: Names, clock: Clock): string {
  const { action, target, data } = event
  const noun = targets[target.type] ?? target.type.replaceAll('_', ' ')
  const words = target.name ? (noun === 'person' ? target.name : `the ${noun} ${target.name}`) : `a ${noun}`
  const name = (field: string, otherwise: string) => {
    const id = data.after?.[field] ?? data.before?.[field]
    return names.get(String(id)) ?? otherwise
  }
  const said = sentences[action]
  const verb = verbs[action.split(':')[1] ?? '']
  const done = said?.(event, { target: words, name, clock }) ?? (verb ? `${verb} ${words}` : `did ${action}`)
  return `${whoDid(event)} ${done}`
}

/** Who it was: in person, through somebody else's account, or the program by itself. */
export function whoDid({ actor, impersonator, api_key }: EventRecord): string {
  if (!actor) return 'The system'
  const name = actor.name ?? 'Somebody'
  if (api_key) return `${name} by ${api_key.name ? `the API key ${api_key.name}` : 'an API key'}`
  return impersonator ? `${impersonator.name ?? 'Somebody'} as ${name}` : name
}
