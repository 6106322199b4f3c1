import {
  createOrganization,
  ownerPassword,
  requirePlatform,
} from '#src/domains/organizations/organizations/actions.ts'
import { newScreen } from '#src/domains/organizations/organizations/form-views.tsx'
import { newOrganization, organizations } from '#src/domains/organizations/organizations/model.ts'
import { can, get, post } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'
import { saved } from '#src/resource/record/saved.ts'

/** `GET /organizations/new` and `POST /organizations`. */
export const createRoutes = [
  get(
    pathsOf(paths.organizations).new,
    can('organization:create'),
    { only: 'page' },
    ({ actor, services }) => {
      requirePlatform(actor, 'organization:create')
      return { screen: (frame) => newScreen(frame, passwordRules(services.config)) }
    },
  ),

  post(
    paths.organizations,
    can('organization:create'),
    {
      body: newOrganization,
      refused:
        ({ services }, refusal) =>
        (frame) =>
          newScreen(frame, passwordRules(services.config), refusal),
      answer: organizations.record,
      status: 201,
      summary: 'Create an organization with its owner (platform only)',
      otherStatuses: [409],
    },
    async (call) => {
      const { db, actor, grant, body, services } = call
      requirePlatform(actor, 'organization:create')
      const hash = await ownerPassword(body, services.config)
      const made = await db.withActor(actor, (tx) => createOrganization(tx, actor, grant, body, hash))
      return { ...saved(call, organizations, made, 'Organization added', paths.home), status: 201 }
    },
  ),
]
