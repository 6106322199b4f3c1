import { allResources, resourceOf } from '#src/resource/resource.ts'
import { capital } from '#src/resource/views/cell.tsx'

/** What happened that isn't a record's coming, changing or going; and what reads better in words of its own. */
const own: Readonly<Record<string, string>> = {
  'invitation:create': 'Person invited',
  'invitation:update': 'Invitation changed, resent, revoked or accepted',
  'invitation:refuse': 'Invitation not accepted',
  'user_role:create': 'Role given',
  'user_role:update': 'Assignment of a role changed',
  'user_role:delete': 'Role taken',
  'group_member:create': 'Put into a group',
  'group_member:update': 'Role in a group changed',
  'group_member:delete': 'Taken out of a group',
  'role:effect': 'People gained or lost permissions',
  'role_permission:create': 'Permission put into a role',
  'role_permission:delete': 'Permission taken out of a role',
  'role_parent:create': 'Inheritance begun',
  'role_parent:delete': 'Inheritance ended',
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

const verbs: Readonly<Record<string, string>> = {
  create: 'added',
  update: 'changed',
  delete: 'deleted',
  restore: 'restored',
}

/** A record's kind in running text: rows attached to a record stand for it. */
const others: Readonly<Record<string, string>> = {
  organization: 'organization',
  route: 'address',
  job: 'job',
}

/** Everything that can be the target of an event, with the word for it. */
export function targetNouns(): Readonly<Record<string, string>> {
  const found = allResources().flatMap(({ model, declared }) => [
    [model.name, declared.one],
    ...(declared.attached ?? []).map(({ type }) => [type, declared.one]),
  ])
  return { ...Object.fromEntries(found), ...others }
}

/** What a kind of target is called by itself: a row that is attached to a record has a name of its own. */
export const nounOf = (type: string): string =>
  resourceOf(type)?.declared.one ?? others[type] ?? type.replaceAll('_', ' ')

/** Everything that can happen, each with its words: what comes with every entity, and what doesn't. */
export function happenings(): Readonly<Record<string, string>> {
  const usual = Object.keys(targetNouns())
    .filter((type) => !(type in others))
    .flatMap((type) =>
      Object.entries(verbs)
        .filter(([verb]) => verb !== 'restore' || resourceOf(type)?.soft)
        .map(([verb, done]) => [`${type}:${verb}`, `${capital(nounOf(type))} ${done}`]),
    )
  return { ...Object.fromEntries(usual), ...own }
}
