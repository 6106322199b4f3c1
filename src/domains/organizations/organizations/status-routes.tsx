import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { toggleOrganization, updateOrganization } from '#src/domains/organizations/organizations/actions.ts'
import { type OrganizationChange, organizations } from '#src/domains/organizations/organizations/model.ts'
import { chosen, may, organizationsOf } from '#src/domains/organizations/organizations/queries.ts'
import { organizationsScreen, statusFilter } from '#src/domains/organizations/organizations/views.tsx'
import { can, patch } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { bulkRoutes } from '#src/resource/bulk/routes.tsx'
import type { Bulk } from '#src/resource/parts.ts'
import { saved } from '#src/resource/record/saved.ts'
import type { BulkAction } from '#src/ui/bulk.tsx'

const turned =
  (status: OrganizationChange['status']): Bulk['one'] =>
  (tx, actor, grant: Grant<'organization', 'update'>, id) =>
    updateOrganization(tx, actor, grant, id, { status }, null)

const bulk: Record<string, Bulk> = {
  suspend: {
    needs: 'update',
    label: 'Suspend',
    icon: 'ban',
    doneLabel: 'suspended',
    already: 'already suspended',
    danger: true,
    confirm: 'Their people are signed out immediately and can’t sign in until they’re active again.',
    one: turned('suspended'),
  },
  activate: {
    needs: 'update',
    label: 'Activate',
    icon: 'rotate-ccw',
    doneLabel: 'activated',
    already: 'already active',
    confirm: 'Their people can sign in again, and their previous sessions work again.',
    one: turned('active'),
  },
}

/** What a list offers to do to many. */
export function bulkActions(actor: UserActor): BulkAction[] {
  const { manage, update } = may(actor)
  return manage && update ? Object.entries(bulk).map(([action, given]) => ({ ...given, action })) : []
}

/** Suspending and letting work again: nothing else ends an organization. */
export const statusRoutes = [
  ...bulkRoutes(
    organizations,
    { bulk, chosen, filters: async (_, given) => [statusFilter(given)], without: ['delete'] },
    async ({ db, actor, grant, query: view }, at, choosing) => {
      const found = await organizationsOf(db, actor, grant as Grant<'organization', 'read'>, view)
      const shown = { found, view, at, choosing, may: may(actor), bulk: bulkActions(actor) }
      return (frame) => organizationsScreen({ ...shown, frame })
    },
  ),
  patch(
    paths.toggleOrganization(':id'),
    can('organization:update'),
    {
      answer: organizations.record,
      otherStatuses: [409, 412],
      summary: 'Suspend or reactivate an organization (platform only)',
    },
    async (call) => {
      const { db, actor, grant, id, version } = call
      const done = await db.withActor(actor, (tx) => toggleOrganization(tx, actor, grant, id(), version))
      return saved(call, organizations, done, 'Saved', paths.home)
    },
  ),
]
