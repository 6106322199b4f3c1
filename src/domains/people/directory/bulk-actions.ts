import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Door } from '#src/db/database.ts'
import { giveRole, takeRole } from '#src/domains/people/assignments/actions.ts'
import { inviteUser, turnUser } from '#src/domains/people/users/actions.ts'
import { rolesToGive } from '#src/domains/roles/roles/offering-queries.ts'
import type { Bulk } from '#src/resource/parts.ts'

const rolesToChoose = async (db: Door, actor: UserActor) =>
  (await rolesToGive(db, actor)).map(({ id, name }) => ({ value: id, label: name }))

/** What is done to many people at once. */
export const userBulk: Readonly<Record<string, Bulk>> = {
  invite: {
    needs: 'create',
    label: 'Send invitation',
    preposition: 'to',
    icon: 'mail',
    confirm: 'Earlier links stop working.',
    doneLabel: (people) => `Invitation sent to ${people}`,
    one: (tx, actor, grant: Grant<'user', 'create'>, id) => inviteUser(tx, actor, grant, id),
  },
  activate: {
    needs: 'update',
    label: 'Enable',
    icon: 'user-check',
    confirm: 'They can sign in again.',
    doneLabel: 'enabled',
    already: 'already enabled',
    one: (tx, actor, grant: Grant<'user', 'update'>, id) => turnUser(tx, actor, grant, id, 'active'),
  },
  disable: {
    needs: 'update',
    label: 'Disable',
    icon: 'ban',
    doneLabel: 'disabled',
    already: 'already disabled',
    confirm: 'They are signed out immediately and can’t sign in until enabled again.',
    one: (tx, actor, grant: Grant<'user', 'update'>, id) => turnUser(tx, actor, grant, id, 'disabled'),
  },
  add_role: {
    needs: 'update',
    label: 'Assign role',
    preposition: 'to',
    icon: 'shield-check',
    confirm: 'They get the role’s permissions immediately.',
    verb: 'Assign a role',
    doneLabel: (people, role) => (role ? `“${role}” assigned to ${people}` : `Role assigned to ${people}`),
    already: 'already had it',
    prompt: { name: 'role_id', label: 'Role', options: rolesToChoose },
    one: (tx, actor, _, id, { role_id }) => giveRole(tx, actor, id, String(role_id)),
  },
  remove_role: {
    needs: 'update',
    label: 'Remove role',
    preposition: 'from',
    icon: 'shield',
    confirm: 'They lose the permissions that only this role grants immediately.',
    verb: 'Remove a role',
    doneLabel: (people, role) => (role ? `“${role}” removed from ${people}` : `Role removed from ${people}`),
    already: 'didn’t have it',
    prompt: { name: 'role_id', label: 'Role', options: rolesToChoose },
    one: (tx, actor, _, id, { role_id }) => takeRole(tx, actor, id, String(role_id)),
  },
}
