import { createRoutes } from '#src/domains/organizations/organizations/create-routes.ts'
import { editRoutes } from '#src/domains/organizations/organizations/edit-routes.tsx'
import { organizations } from '#src/domains/organizations/organizations/model.ts'
import {
  chosen,
  may,
  organizationHistory,
  organizationsOf,
  readOrganization,
} from '#src/domains/organizations/organizations/queries.ts'
import { bulkActions, statusRoutes } from '#src/domains/organizations/organizations/status-routes.tsx'
import {
  historyScreen,
  organizationScreen,
  organizationsScreen,
} from '#src/domains/organizations/organizations/views.tsx'
import { can, get } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { csvOf, exported } from '#src/resource/export.ts'
import { historyAnswer, historyQuery } from '#src/resource/history/query.ts'
import { pageJson, pageLinks, searchOf } from '#src/resource/list/page.ts'
import { pageAnswer } from '#src/resource/list/routes.tsx'

export const organizationRoutes = [
  get(
    paths.organizations,
    can('organization:read'),
    {
      query: organizations.query,
      answer: pageAnswer(organizations.record),
      summary: 'List organizations: all from the platform, otherwise your own',
      csv: ({ db, actor, grant, query }) => {
        const rows = chosen.every(db, actor, grant, query)
        const taken = { db, actor, model: 'organization', view: query }
        const file = exported(taken, rows, (pieces) => csvOf(organizations, pieces))
        return { name: organizations.declared.many, ...file }
      },
    },
    async ({ c, db, actor, grant, query }) => {
      const found = await organizationsOf(db, actor, grant, query)
      const bulk = bulkActions(actor)
      return {
        json: pageJson(found),
        headers: pageLinks(c, found),
        screen: (frame) =>
          organizationsScreen({ found, view: query, at: searchOf(c), may: may(actor), bulk, frame }),
      }
    },
  ),

  ...createRoutes,
  ...statusRoutes,

  get(
    paths.organization(':id'),
    can('organization:read'),
    { answer: organizations.record, summary: 'Get an organization' },
    async ({ db, actor, grant, id }) => {
      const { json, version, organization } = await readOrganization(db, actor, grant, id())
      return {
        json,
        etag: version,
        screen: (frame) => organizationScreen({ organization: organization(), may: may(actor), frame }),
      }
    },
  ),

  get(
    pathsOf(organizations.path).history(':id'),
    can('organization:read'),
    { query: historyQuery, answer: historyAnswer, summary: 'Get the history of an organization' },
    async ({ db, actor, grant, id, query }) => {
      const { organization } = await readOrganization(db, actor, grant, id())
      const history = await organizationHistory(db, actor, id(), query.before)
      return {
        json: history,
        screen: (frame) =>
          historyScreen({ organization: organization(), may: may(actor), frame }, history, query.before),
      }
    },
  ),

  ...editRoutes,
]
