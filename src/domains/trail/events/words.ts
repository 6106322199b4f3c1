import type { EventRecord } from '#src/domains/trail/events/model.ts'
import { updated } from '#src/domains/trail/events/updates.ts'
import type { Clock } from '#src/locale/clock.ts'
import { capital, counted, withArticle } from '#src/locale/noun.ts'
import { allResources, resourceOf } from '#src/resource/entity.ts'
import { happenings, nounOf, targetNouns } from '#src/resource/history/happenings.ts'

/** The names of the records that lines of the trail speak of, by id. */
export type Names = ReadonlyMap<string, string>

/** What has no sentence yet, by the words of its kind. */
const otherwise = (action: string, target: string) =>
  `did this to ${target}: ${(happenings()[action] ?? 'something else').toLowerCase()}`

const verbs: Readonly<Record<string, string>> = {
  create: 'added',
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

function sessionChanged({ data: { after = {} }, actor }: EventRecord, { name }: Say): string {
  if (!after.revoked_at) return after.second_factor_at ? 'passed two-step verification' : 'changed a session'
  if (actor && after.user_id === actor.id) return 'signed out one of their own sessions'
  const whose = name('user_id', '')
  return whose ? `signed out one of ${whose}’s sessions` : 'signed out a session of someone'
}

/** What is more than a verb and its object. */
const sentences: Readonly<Record<string, Said>> = {
  'user_role:create': (event, { target, name, clock }) =>
    `assigned ${name('role_id', 'a role')} to ${target}${until(event, clock)}`,
  'user_role:update': (event, { target, name, clock }) =>
    event.data.after && 'expires_at' in event.data.after
      ? `assigned ${name('role_id', 'a role')} to ${target}${until(event, clock) || ' with no expiry'}`
      : `changed the assignment of ${name('role_id', 'a role')} to ${target}`,
  'user_role:delete': (_, { target, name }) => `removed ${name('role_id', 'a role')} from ${target}`,
  'group_member:create': (event, { target, name }) =>
    `added ${name('user_id', 'someone')} to ${target} as ${withArticle(after(event, 'role'))}`,
  'group_member:update': (event, { target, name }) =>
    `made ${name('user_id', 'someone')} ${withArticle(after(event, 'role'))} of ${target}`,
  'group_member:delete': (_, { target, name }) => `removed ${name('user_id', 'someone')} from ${target}`,
  'role_permission:create': (_, { target, name }) =>
    `added ${name('permission_id', 'a permission')} to ${target}`,
  'role_permission:delete': (_, { target, name }) =>
    `removed ${name('permission_id', 'a permission')} from ${target}`,
  'role_parent:create': (_, { target, name }) => `made ${target} inherit from ${name('parent_id', 'a role')}`,
  'role_parent:delete': (_, { target, name }) =>
    `stopped ${target} from inheriting from ${name('parent_id', 'a role')}`,
  'role:effect': ({ data: { gains, loses } }, { target }) => {
    const gained = people(gains) ? `gave people ${permissions(people(gains))}` : ''
    const lost = people(loses) ? `took ${permissions(people(loses))} from people` : ''
    return `${[gained, lost].filter(Boolean).join(' and ') || 'changed nothing for people'} by changing ${target}`
  },
  'invitation:create': ({ target }) => `invited ${target.name ?? 'someone'}`,
  'invitation:update': ({ data: { after = {} } }, { target }) =>
    `${after.status === 'accepted' ? 'accepted' : after.status === 'revoked' ? 'revoked' : after.sent_at ? 'resent' : 'changed'} ${target}`,
  'invitation:refuse': (_, { target }) => `couldn’t let anyone accept ${target}`,
  'secrets:rotate': () => 're-encrypted all secrets (CLI)',
  'organization:create': (_, { target }) => `added ${target}`,
  'job:retry': () => 'retried a failed job (CLI)',
  'job:drop': () => 'deleted a failed job (CLI)',
  'session:create': () => 'signed in',
  'session:update': sessionChanged,
  'api_key:create': (_, { target }) => `created ${target}`,
  'api_key:update': ({ data: { after = {} } }, { target }) =>
    `${after.revoked_at ? 'revoked' : after.prefix ? 'rotated' : 'changed'} ${target}`,
  'auth:sign_in': () => 'signed in',
  'auth:sign_out': () => 'signed out',
  'auth:switch_away': () => 'switched to a different organization',
  'auth:switch_here': () => 'switched from a different organization',
  'auth:refresh_reused': () => 'used a refresh token twice and was signed out',
  'auth:change_password': () => 'changed their password',
  'auth:reset_password': () => 'reset their password by a link in an e-mail',
  'auth:request_email': () => 'asked to change their e-mail address',
  'auth:change_email': () => 'changed their e-mail address',
  'auth:undo_email': () => 'undid a change of their e-mail address',
  'auth:request_verification': () => 'asked to confirm their e-mail address',
  'auth:verify_email': () => 'confirmed their e-mail address',
  'auth:unlock': () => 'unlocked their account by a link in an e-mail',
  'account:create': (_, { target }) => `created ${target} (CLI)`,
  'account:unlock': (_, { target }) => `unlocked ${target} (CLI)`,
  'account:reset_password': (_, { target }) => `set a password for ${target} (CLI)`,
  'account:end_sessions': (_, { target }) => `signed ${target} out everywhere (CLI)`,
  'account:disable': (_, { target }) => `disabled the account of ${target}`,
  'account:enable': (_, { target }) => `enabled the account of ${target}`,
  'account:detach': () => 'detached their account from its organization',
  'auth:confirm': () => 'confirmed their password',
  'auth:turn_on_second_factor': () => 'turned on two-step verification',
  'auth:turn_off_second_factor': () => 'turned off two-step verification',
  'auth:renew_recovery_codes': () => 'created new recovery codes',
  'auth:use_recovery_code': () => 'used a recovery code',
  'user:reset_second_factor': (_, { target }) => `reset two-step verification of ${target}`,
  'account:reset_second_factor': (_, { target }) => `reset two-step verification of ${target} (CLI)`,
  'user:unlock': (_, { target }) => `unlocked ${target}`,
  'user:set_password': (_, { target }) => `set the first password of ${target}`,
  'access:denied': ({ data }) => {
    const place = placeOf(String(data.path ?? ''))
    return place ? `was denied access to ${place}` : 'was denied access'
  },
  'organization:enter': (_, { target }) => `entered ${target}`,
  'organization:leave': (_, { target }) => `left ${target}`,
  'organization:end_sessions': () => 'signed everyone out (CLI)',
}

/** What is found at a path: at `/api/v1/users/…`, "People"; at `/organizations`, "Organizations". */
function placeOf(path: string): string {
  const asked = path.replace(/^\/api(\/v\d+)?(?=\/)/, '')
  const entity = allResources().find(({ path: at }) => asked === at || asked.startsWith(`${at}/`))
  if (entity) return capital(entity.declared.many)
  const [, word] = /^\/([a-z-]+)(?:\/[0-9a-f-]{36})?$/.exec(asked) ?? []
  return word ? capital(word.replaceAll('-', ' ')) : asked
}

/** "exported 812 people" */
function took({ target: { type }, data }: EventRecord): string {
  const { one, many } = resourceOf(type)?.declared ?? { one: nounOf(type), many: `${nounOf(type)}s` }
  const rows = counted(Number(data.count ?? 0), { one, many })
  return data.whole === false ? `exported ${rows} before the file broke off` : `exported ${rows}`
}

/** One sentence in plain words: "Ada assigned Auditor to Bob until 1 Dec 2026, 09:00 CET". */
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
  const kind = action.split(':')[1] ?? ''
  const said = sentences[action] ?? (kind === 'export' ? took : undefined)
  const verb = verbs[kind]
  const done = said
    ? said(event, { target: words, name, clock })
    : kind === 'update'
      ? updated(event, words, resourceOf(target.type))
      : verb
        ? `${verb} ${words}`
        : otherwise(action, words)
  return `${whoDid(event)} ${done}`
}

/** Who it was: in person, through somebody else's account, or the program by itself. */
export function whoDid({ actor, impersonator, api_key, via }: EventRecord): string {
  if (!actor) return via === 'seed' ? 'Demo data' : 'The system'
  const name = actor.name ?? 'Someone'
  if (api_key) return `${name} by ${api_key.name ? `the API key ${api_key.name}` : 'an API key'}`
  return impersonator ? `${impersonator.name ?? 'Someone'} as ${name}` : name
}
