import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import {
  deleteInvitation,
  resendInvitation,
  restoreInvitation,
  revokeInvitation,
  updateInvitation,
} from '#src/domains/people/invitations/actions.ts'
import { createRoute, createRoutes } from '#src/domains/people/invitations/create-routes.tsx'
import { invitationsFromFile } from '#src/domains/people/invitations/import-actions.ts'
import {
  invitationOf,
  invitations,
  newInvitation,
  someOfInvitation,
  wholeInvitation,
} from '#src/domains/people/invitations/model.ts'
import { givenByInvitation } from '#src/domains/people/invitations/offering-queries.ts'
import { verbRoutes } from '#src/domains/people/invitations/verb-routes.ts'
import {
  blockedFilter,
  GiftFields,
  GiftsPanel,
  listColumns,
  Verbs,
} from '#src/domains/people/invitations/views.tsx'
import { paths } from '#src/paths.ts'
import { importRoutes } from '#src/resource/import/routes.tsx'
import type { Parts } from '#src/resource/parts.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'

const parts: Parts<'invitation'> = {
  actions: { update: updateInvitation, remove: deleteInvitation, restore: restoreInvitation },
  bodies: { create: newInvitation, whole: wholeInvitation, some: someOfInvitation },
  import: invitationsFromFile,
  without: ['create'],
  columns: ({ frame }) => listColumns(frame),
  filters: async (_, { blocked }) => [blockedFilter(blocked)],
  listTabs: ({ actor }) => listsFor(actor),
  choices: givenByInvitation,
  readOnly: (row) => ['accepted', 'revoked'].includes(invitationOf(row).status),
  fields: (props, { severals, pickings, frame }) => (
    <GiftFields {...props} roles={severals.role_ids} picking={pickings.group_id} frame={frame} />
  ),
  held: (row) => ({
    role_ids: {
      label: 'Roles',
      values: invitationOf(row).roles.map(({ id, name }) => ({ value: id, label: name })),
    },
  }),
  panels: (row, { frame, record }) => <GiftsPanel row={row} frame={frame} mends={record.update} />,
  head: (row, { frame, record }) => (record.update ? <Verbs row={row} frame={frame} /> : null),
  bulk: {
    resend: {
      needs: 'update',
      label: 'Resend',
      icon: 'mail',
      doneLabel: 'resent',
      confirm: 'Earlier links stop working.',
      one: (tx, actor, grant: Grant<'invitation', 'update'>, id) => resendInvitation(tx, actor, grant, id),
    },
    revoke: {
      needs: 'update',
      label: 'Revoke',
      icon: 'ban',
      doneLabel: 'revoked',
      already: 'already revoked',
      danger: true,
      confirm: 'Their links stop working.',
      one: (tx, actor, grant: Grant<'invitation', 'update'>, id) => revokeInvitation(tx, actor, grant, id),
    },
  },
}

/** People, and who is still to become one of them. */
const listsFor = (actor: UserActor) =>
  actor.can('user:read')
    ? [
        { label: 'People', path: paths.users, current: false },
        { label: 'Invitations', path: paths.pendingInvitations, current: true },
      ]
    : []

const standard = resourceRoutes(invitations, parts)

/** Also where administrators' programs look for them. */
const mountedAgain = [
  createRoute,
  ...standard.filter(({ method, path }) => method === 'GET' && path === paths.invitations),
]

export const invitationRoutes = [
  ...createRoutes,
  ...verbRoutes,
  ...importRoutes(invitations, parts),
  ...standard,
  ...mountedAgain.map((endpoint) => ({ ...endpoint, path: paths.admin.invitations, only: 'json' as const })),
]
