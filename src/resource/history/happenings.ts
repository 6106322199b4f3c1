import { capital } from '#src/locale/noun.ts'
import { allResources, resourceOf } from '#src/resource/entity.ts'

/** Events other than creating, changing or deleting a record, and events that read better in their own words. */
const own: Readonly<Record<string, string>> = {
  'invitation:create': 'Person invited',
  'invitation:update': 'Invitation changed, resent, revoked or accepted',
  'invitation:refuse': 'Invitation not accepted',
  'user_role:create': 'Role assigned',
  'user_role:update': 'Role assignment changed',
  'user_role:delete': 'Role removed',
  'group_member:create': 'Added to a group',
  'group_member:update': 'Role in a group changed',
  'group_member:delete': 'Removed from a group',
  'role:effect': 'People gained or lost permissions',
  'role_permission:create': 'Permission added to a role',
  'role_permission:delete': 'Permission removed from a role',
  'role_parent:create': 'Inheritance added',
  'role_parent:delete': 'Inheritance removed',
  'session:create': 'Session started',
  'session:update': 'Session changed or signed out',
  'api_key:create': 'API key created',
  'api_key:update': 'API key changed, rotated or revoked',
  'auth:sign_in': 'Signed in',
  'auth:sign_out': 'Signed out',
  'auth:switch_away': 'Switched to a different organization',
  'auth:switch_here': 'Switched from a different organization',
  'auth:refresh_reused': 'Refresh token used twice',
  'auth:change_password': 'Password changed',
  'auth:reset_password': 'Password reset by link',
  'auth:request_email': 'Change of e-mail address requested',
  'auth:change_email': 'E-mail address changed',
  'auth:undo_email': 'Change of e-mail address undone',
  'auth:request_verification': 'Confirmation of e-mail address requested',
  'auth:verify_email': 'E-mail address confirmed',
  'auth:unlock': 'Unlocked by link',
  'auth:confirm': 'Password confirmed',
  'auth:turn_on_second_factor': 'Two-step verification turned on',
  'auth:turn_off_second_factor': 'Two-step verification turned off',
  'auth:renew_recovery_codes': 'Recovery codes renewed',
  'auth:use_recovery_code': 'Recovery code used',
  'user:reset_second_factor': 'Two-step verification reset',
  'account:reset_second_factor': 'Two-step verification reset (CLI)',
  'user:unlock': 'Person unlocked',
  'user:set_password': 'First password set',
  'account:create': 'Account created (CLI)',
  'secrets:rotate': 'Secrets re-encrypted (CLI)',
  'account:unlock': 'Unlocked (CLI)',
  'account:reset_password': 'Password set (CLI)',
  'account:end_sessions': 'Sessions signed out (CLI)',
  'account:detach': 'Account detached',
  'account:disable': 'Account disabled',
  'account:enable': 'Account enabled',
  'access:denied': 'Access denied',
  'organization:create': 'Organization added',
  'organization:update': 'Organization changed',
  'organization:enter': 'Organization entered',
  'organization:leave': 'Organization left',
  'event:export': 'Audit log exported',
  'organization:end_sessions': 'All sessions signed out (CLI)',
  'job:retry': 'Failed job retried (CLI)',
  'job:drop': 'Failed job deleted (CLI)',
}

const verbs: Readonly<Record<string, string>> = {
  create: 'added',
  update: 'changed',
  delete: 'deleted',
  restore: 'restored',
}

/** Nouns for targets that aren't entities: attached rows are named after their record. */
const others: Readonly<Record<string, string>> = {
  organization: 'organization',
  event: 'event',
  route: 'address',
  job: 'job',
}

/** Every kind of event target, with its noun. */
export function targetNouns(): Readonly<Record<string, string>> {
  const found = allResources().flatMap(({ model, declared }) => [
    [model.name, declared.one],
    ...(declared.attached ?? []).map(({ type }) => [type, declared.one]),
  ])
  return { ...Object.fromEntries(found), ...others }
}

/** The noun for a kind of target by itself: an attached row has its own. */
export const nounOf = (type: string): string =>
  resourceOf(type)?.declared.one ?? others[type] ?? type.replaceAll('_', ' ')

/** Every event with its words: those of each entity, and the others. */
export function happenings(): Readonly<Record<string, string>> {
  const usual = Object.keys(targetNouns())
    .filter((type) => !(type in others))
    .flatMap((type) =>
      Object.entries(verbs)
        .filter(([verb]) => verb !== 'restore' || resourceOf(type)?.soft)
        .map(([verb, done]) => [`${type}:${verb}`, `${capital(nounOf(type))} ${done}`]),
    )
  const exports = allResources().map(({ model, declared }) => [
    `${model.name}:export`,
    `${capital(declared.many)} exported`,
  ])
  return { ...Object.fromEntries([...usual, ...exports]), ...own }
}
