import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { strongerThanYou } from '#src/access/strength.ts'
import type { Door } from '#src/db/database.ts'
import { hashChosen } from '#src/domains/accounts/account.ts'
import { giveRole, takeRole } from '#src/domains/people/assignments/actions.ts'
import { assignmentsOf } from '#src/domains/people/assignments/queries.ts'
import { RolesPanel } from '#src/domains/people/assignments/views.tsx'
import { firstPasswordRoutes } from '#src/domains/people/first-password/routes.tsx'
import { FirstPasswordPanel } from '#src/domains/people/first-password/views.tsx'
import { peopleFromFile } from '#src/domains/people/import/actions.ts'
import { offeredToNew } from '#src/domains/people/initial-access/queries.ts'
import { lockRoutes } from '#src/domains/people/locks/routes.tsx'
import { FactorPanel, LockPanel } from '#src/domains/people/locks/views.tsx'
import {
  createUser,
  deleteUser,
  inviteUser,
  restoreUser,
  toggleUser,
  turnUser,
  updateUser,
} from '#src/domains/people/users/actions.ts'
import { EditFields, NewFields } from '#src/domains/people/users/form-views.tsx'
import { inviteRoutes } from '#src/domains/people/users/invite-routes.tsx'
import { type NewUser, newUser, someOfUser, users, wholeUser } from '#src/domains/people/users/model.ts'
import { endingWith, requireEditable, standingTo } from '#src/domains/people/users/queries.ts'
import {
  GroupsPanel,
  InviteButton,
  listColumns,
  ServicePanel,
  StrongerPanel,
} from '#src/domains/people/users/views.tsx'
import { rolesToGive } from '#src/domains/roles/roles/queries.ts'
import { type Call, can, get, patch, type Services } from '#src/http/endpoint.ts'
import { counted } from '#src/locale/noun.ts'
import { paths } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { saved } from '#src/resource/record/routes.tsx'
import { resourceRoutes } from '#src/resource/routes.tsx'

const rolesToChoose = async (db: Door, actor: UserActor) =>
  (await rolesToGive(db, actor)).map(({ id, name }) => ({ value: id, label: name }))

const withHash = async ({ password, ...person }: NewUser, { config }: Services, actor: UserActor) => {
  const { organization } = actor.identity
  const about = [person.username, person.email, person.first_name, person.last_name, organization.name]
  return { person, hash: password === undefined ? null : await hashChosen(config, password, about) }
}

/** People, and who is still to become one of them. */
const listsFor = (actor: UserActor) =>
  actor.can('invitation:read')
    ? [
        { label: 'People', path: paths.users, current: true },
        { label: 'Invitations', path: paths.pendingInvitations, current: false },
      ]
    : []

/** What ends with people, in a sentence. */
function endings({ sessions, keys, groups }: Awaited<ReturnType<typeof endingWith>>): string | null {
  const ends = [
    [sessions, { one: 'session', many: 'sessions' }] as const,
    [keys, { one: 'API key', many: 'API keys' }] as const,
    [groups, { one: 'group membership', many: 'group memberships' }] as const,
  ].filter(([count]) => count > 0)
  const list = new Intl.ListFormat('en').format(ends.map(([count, noun]) => counted(count, noun)))
  return list ? `This ends ${list}.` : null
}

export const userRoutes = [
  get(
    paths.usersMe,
    can('user:read'),
    { only: 'api', answer: users.record, summary: 'Read your own user record' },
    async ({ db, actor, grant }) => {
      const { json, version } = await readRecord(db, users, actor, grant, actor.userId)
      return { json, etag: version }
    },
  ),

  patch(
    paths.toggleUser(':id'),
    can('user:update'),
    { answer: users.record, otherStatuses: [409, 412], summary: 'Disable a person, or enable them again' },
    async (call) => {
      const { db, actor, grant, id, version } = call
      const done = await db.withActor(actor, (tx) => toggleUser(tx, actor, grant, id(), version))
      return saved(call, users, done, 'Saved', paths.home)
    },
  ),

  ...inviteRoutes,
  ...lockRoutes,
  ...firstPasswordRoutes,
  ...resourceRoutes(users, {
    actions: {
      create: (tx, actor, grant, { person, hash }: Awaited<ReturnType<typeof withHash>>) =>
        createUser(tx, actor, grant, person, hash),
      update: updateUser,
      remove: deleteUser,
      restore: restoreUser,
    },
    // an address that has an account becomes an invitation
    otherStatuses: [202],
    bodies: { create: newUser, whole: wholeUser, some: someOfUser },
    prepare: withHash,
    import: peopleFromFile,
    impact: async (db, actor, grant, ids) => endings(await endingWith(db, actor, grant, ids)),
    columns: ({ frame }) => listColumns(frame),
    listTabs: ({ actor }) => listsFor(actor),
    load: async ({ db, actor, services }, found) => {
      const changeable = found.update && found.id !== actor?.userId && !found.row().deleted_at
      const acts = found.update || found.delete || actor?.can('user:create')
      const [assignments, offered, standing] = await Promise.all([
        assignmentsOf(db, actor as UserActor, found.id),
        changeable ? rolesToGive(db, actor as UserActor) : [],
        acts ? standingTo(db, actor as UserActor, found.id) : null,
      ])
      const stronger = standing?.stronger ?? false
      const signIn = !stronger && actor?.find('user:update')?.all ? standing : null
      const roles = { assignments, offered, removable: !stronger }
      return { roles, stronger, signIn, rules: passwordRules(services.config) }
    },
    withheld: ({ stronger }) => stronger,
    panels: (row, { actor, frame, extra: { roles, stronger, signIn, rules } }) => (
      <>
        {stronger ? (
          <StrongerPanel why={strongerThanYou(users.titleOf(row), 'change their account')} />
        ) : null}
        <LockPanel userId={row.id} until={signIn?.lockedUntil ?? null} frame={frame} />
        {signIn?.secondFactor && row.id !== actor.userId ? (
          <FactorPanel userId={row.id} frame={frame} />
        ) : null}
        {signIn && row.status === 'invited' && !row.deleted_at ? (
          <FirstPasswordPanel userId={row.id} rules={rules} frame={frame} />
        ) : null}
        <RolesPanel userId={row.id} frame={frame} {...roles} />
        <GroupsPanel row={row} frame={frame} />
        {stronger ? null : <ServicePanel row={row} actor={actor} frame={frame} />}
      </>
    ),
    head: (row, { frame, may, extra }) =>
      may.create && !extra.stronger ? <InviteButton row={row} frame={frame} /> : null,
    tabs: (row, actor) =>
      row.id === actor.userId || actor.can('permission:read')
        ? [{ label: 'Permissions', path: paths.userPermissions(row.id) }]
        : [],
    offer: async ({ db, actor }: Call, row) => {
      if (!actor) return {}
      if (!row) return offeredToNew(db, actor, actor.require('user:create'))
      await requireEditable(db, actor, row)
      return {}
    },
    fields: (props, { actor, offered, services }) =>
      props.row ? (
        <EditFields {...props} me={actor.userId} signIn={actor.find('user:update')?.all ?? false} />
      ) : (
        <NewFields {...props} offered={offered} passwordRules={passwordRules(services.config)} />
      ),
    bulk: {
      invite: {
        needs: 'create',
        label: 'Send invitation',
        preposition: 'to',
        icon: 'mail',
        confirm: 'Earlier links stop working.',
        did: 'invited',
        one: (tx, actor, grant: Grant<'user', 'create'>, id) => inviteUser(tx, actor, grant, id),
      },
      activate: {
        needs: 'update',
        label: 'Enable',
        icon: 'user-check',
        confirm: 'They can sign in again.',
        did: 'enabled',
        already: 'already enabled',
        one: (tx, actor, grant: Grant<'user', 'update'>, id) => turnUser(tx, actor, grant, id, 'active'),
      },
      disable: {
        needs: 'update',
        label: 'Disable',
        icon: 'ban',
        did: 'disabled',
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
        did: 'assigned the role',
        already: 'already had it',
        asks: { name: 'role_id', label: 'Role', options: rolesToChoose },
        one: (tx, actor, _, id, { role_id }) => giveRole(tx, actor, id, String(role_id)),
      },
      remove_role: {
        needs: 'update',
        label: 'Remove role',
        preposition: 'from',
        icon: 'shield',
        confirm: 'They lose the permissions that only this role grants immediately.',
        did: 'removed from the role',
        already: 'didn’t have it',
        asks: { name: 'role_id', label: 'Role', options: rolesToChoose },
        one: (tx, actor, _, id, { role_id }) => takeRole(tx, actor, id, String(role_id)),
      },
    },
  }),
]
