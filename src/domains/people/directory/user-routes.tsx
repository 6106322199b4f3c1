import type { UserActor } from '#src/access/actor.ts'
import { strongerThanYou } from '#src/access/strength.ts'
import { hashChosen } from '#src/domains/accounts/account.ts'
import { rolesOf } from '#src/domains/people/assignments/queries.ts'
import { userBulk } from '#src/domains/people/directory/bulk-actions.ts'
import { endings, UserPanels } from '#src/domains/people/directory/user-views.tsx'
import { firstPasswordRoutes } from '#src/domains/people/first-password/routes.tsx'
import { peopleFromFile } from '#src/domains/people/import/actions.ts'
import { givenToNew } from '#src/domains/people/initial-access/queries.ts'
import { lockRoutes } from '#src/domains/people/locks/routes.tsx'
import { deleteUser, restoreUser, toggleUser, updateUser } from '#src/domains/people/users/actions.ts'
import { createUser } from '#src/domains/people/users/create-actions.ts'
import { EditFields, NewFields } from '#src/domains/people/users/form-views.tsx'
import { inviteRoutes } from '#src/domains/people/users/invite-routes.tsx'
import { type NewUser, newUser, someOfUser, users, wholeUser } from '#src/domains/people/users/model.ts'
import { endingWith, requireEditable, standingTo } from '#src/domains/people/users/queries.ts'
import { InviteButton, listColumns } from '#src/domains/people/users/views.tsx'
import { can, get, patch, type Services } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'
import type { EntityCall } from '#src/resource/call.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { saved } from '#src/resource/record/saved.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'

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

export const userRoutes = [
  get(
    paths.usersMe,
    can('user:read'),
    { only: 'api', answer: users.record, summary: 'Get your own user record' },
    async ({ db, actor, grant }) => {
      const { json, version } = await readRecord(db, users, actor, grant, actor.userId)
      return { json, etag: version }
    },
  ),

  patch(
    paths.toggleUser(':id'),
    can('user:update'),
    { answer: users.record, otherStatuses: [409, 412], summary: 'Disable or enable a person' },
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
      const acts = found.update || found.delete || actor.can('user:create')
      const [roles, standing] = await Promise.all([
        rolesOf(db, actor, found.id, found.update && !found.row().deleted_at),
        acts ? standingTo(db, actor, found.id) : null,
      ])
      const why = standing?.stronger
        ? strongerThanYou(users.titleOf(found.row()), 'change their account')
        : null
      const signIn = !why && actor.find('user:update')?.all ? standing : null
      return { roles: { ...roles, removable: !why }, why, signIn, rules: passwordRules(services.config) }
    },
    withheld: ({ why }) => why !== null,
    panels: (row, { actor, frame, extra }) => <UserPanels row={row} actor={actor} frame={frame} {...extra} />,
    head: (row, { frame, may, extra }) =>
      may.create && !extra.why ? <InviteButton row={row} frame={frame} /> : null,
    tabs: (row, actor) =>
      row.id === actor.userId || actor.can('permission:read')
        ? [{ label: 'Permissions', path: paths.userPermissions(row.id) }]
        : [],
    offer: async ({ db, actor }: EntityCall<'user'>, row) => {
      if (row) await requireEditable(db, actor, row)
      return {}
    },
    choices: (row) => (row ? {} : { several: givenToNew }),
    fields: (props, { actor, severals, frame, services }) =>
      props.row ? (
        <EditFields {...props} me={actor.userId} signIn={actor.find('user:update')?.all ?? false} />
      ) : (
        <NewFields
          {...props}
          severals={severals}
          frame={frame}
          passwordRules={passwordRules(services.config)}
        />
      ),
    bulk: userBulk,
  }),
]
