import {
  createOrganization,
  ownerPassword,
  requirePlatform,
  updateOrganization,
} from '#src/domains/organizations/actions.ts'
import { editScreen, newScreen } from '#src/domains/organizations/forms.tsx'
import {
  newOrganization,
  organizationList,
  organizationRecord,
  someOfOrganization,
} from '#src/domains/organizations/model.ts'
import { may, organizationsOf, readOrganization } from '#src/domains/organizations/queries.ts'
import { listScreen, organizationScreen } from '#src/domains/organizations/views.tsx'
import { can, get, patch, post } from '#src/http/endpoint.ts'
import { pageJson, pageLinks } from '#src/http/page.ts'
import { paths } from '#src/paths.ts'
import { pageAnswer } from '#src/resource/list-routes.tsx'

export const organizationRoutes = [
  get(
    paths.organizations,
    can('organization:read'),
    {
      query: organizationList,
      answer: pageAnswer(organizationRecord),
      summary: 'List organizations: all for the platform, the own one elsewhere',
    },
    async ({ c, db, actor, grant, query }) => {
      const found = await organizationsOf(db, actor, grant, query)
      return {
        json: pageJson(found),
        headers: pageLinks(c, found),
        screen: (frame) => listScreen(found, query, may(actor), frame),
      }
    },
  ),

  get(paths.newOrganization, can('organization:create'), { only: 'page' }, ({ actor }) => {
    requirePlatform(actor, 'organization:create')
    return { screen: (frame) => newScreen(frame) }
  }),

  post(
    paths.organizations,
    can('organization:create'),
    {
      body: newOrganization,
      refused: (_, refusal) => (frame) => newScreen(frame, refusal),
      answer: organizationRecord,
      status: 201,
      summary: 'Make an organization with its owner, from the platform',
      also: [409],
    },
    async ({ db, actor, grant, body, services }) => {
      requirePlatform(actor, 'organization:create')
      const hash = await ownerPassword(body.owner_password, services.config)
      const made = await db.withActor(actor, (tx) => createOrganization(tx, actor, grant, body, hash))
      return {
        status: 201,
        json: made.json,
        etag: made.version,
        location: paths.organization(made.id),
        notice: 'Organization created',
      }
    },
  ),

  get(
    paths.organization(':id'),
    can('organization:read'),
    { answer: organizationRecord, summary: 'Read one organization' },
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
    paths.editOrganization(':id'),
    can('organization:update'),
    { only: 'page' },
    async ({ db, actor, id }) => {
      const { organization } = await readOrganization(db, actor, actor.require('organization:read'), id())
      return { screen: (frame) => editScreen(organization(), may(actor), frame) }
    },
  ),

  patch(
    paths.organization(':id'),
    can('organization:update'),
    {
      body: someOfOrganization,
      refused: async ({ db, actor, id }, refusal) => {
        const { organization } = await readOrganization(db, actor, actor.require('organization:read'), id())
        return (frame) => editScreen(organization(), may(actor), frame, refusal)
      },
      answer: organizationRecord,
      summary: 'Change an organization: its name everywhere, the rest from the platform',
      also: [409, 412],
    },
    async ({ db, actor, grant, id, body, version }) => {
      const done = await db.withActor(actor, (tx) =>
        updateOrganization(tx, actor, grant, id(), body, version),
      )
      return { json: done.json, etag: done.version, location: paths.organization(done.id), notice: 'Saved' }
    },
  ),
]
