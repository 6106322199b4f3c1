import type { EventRecord } from '#src/domains/events/model.ts'
import type { Clock } from '#src/platform/clock.ts'
import { happenings, nounOf, targetNouns } from '#src/resource/happened.ts'

/** The names of the records that lines of the trail speak of, by id. */
export type Names = ReadonlyMap<string, string>

const withArticle = (noun: string) => `${/^[aeioAEIO]/.test(noun) ? 'an' : 'a'} ${noun}`

/** What has no sentence yet, by the words of its kind. */
const otherwise = (action: string, target: string) =>
  `did this to ${target}: ${(happenings()[action] ?? 'something else').toLowerCase()}`

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
    return `${[gained, lost].filter(Boolean).join(' and ') || 'changed nothing for people'} by changing ${target}`
  },
  'invitation:create': ({ target }) => `invited ${target.name ?? 'someone'}`,
  'invitation:update': ({ data: { after = {} } }, { target }) =>
    `${after.status === 'accepted' ? 'accepted' : after.status === 'revoked' ? 'revoked' : after.sent_at ? 'resent' : 'changed'} ${target}`,
  'invitation:refuse': (_, { target }) => `couldn’t let anyone accept ${target}`,
  'secrets:rotate': () => 're-encrypted all secrets by a command',
  'organization:create': (_, { target }) => `added ${target}`,
  'organization:update': (_, { target }) => `changed ${target}`,
  'job:retry': () => 'queued a failed job again by a command',
  'job:drop': () => 'removed a failed job by a command',
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
  const noun = targetNouns()[target.type] ?? nounOf(target.type)
  const words = target.name
    ? noun === 'person'
      ? target.name
      : `the ${noun} ${target.name}`
    : withArticle(noun)
  const name = (field: string, otherwise: string) => {
    const id = data.after?.[field] ?? data.before?.[field]
    return names.get(String(id)) ?? otherwise
  }
  const said = sentences[action]
  const verb = verbs[action.split(':')[1] ?? '']
  const done =
    said?.(event, { target: words, name, clock }) ?? (verb ? `${verb} ${words}` : otherwise(action, words))
  return `${whoDid(event)} ${done}`
}

/** Who it was: in person, through somebody else's account, or the program by itself. */
export function whoDid({ actor, impersonator, api_key }: EventRecord): string {
  if (!actor) return 'The system'
  const name = actor.name ?? 'Somebody'
  if (api_key) return `${name} by ${api_key.name ? `the API key ${api_key.name}` : 'an API key'}`
  return impersonator ? `${impersonator.name ?? 'Somebody'} as ${name}` : name
}
