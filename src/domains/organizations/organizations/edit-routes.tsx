import { updateOrganization } from '#src/domains/organizations/organizations/actions.ts'
import { editScreen } from '#src/domains/organizations/organizations/form-views.tsx'
import {
  type OrganizationChange,
  organizations,
  someOfOrganization,
  wholeOrganization,
} from '#src/domains/organizations/organizations/model.ts'
import {
  may,
  organizationHistory,
  readOrganization,
} from '#src/domains/organizations/organizations/queries.ts'
import { type Call, can, get, patch, put, type Refusal } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { lastOf } from '#src/resource/history/query.ts'
import { saved } from '#src/resource/record/saved.ts'
import type { Frame } from '#src/ui/frame.ts'

const updating = can('organization:update')
type Updating = Call<typeof updating>

const form = async ({ db, actor, grant, id }: Updating, refusal?: Refusal) => {
  const { organization } = await readOrganization(db, actor, grant, id())
  const late = refusal?.status === 412 && actor.can('organization:read')
  const changed = late ? lastOf(await organizationHistory(db, actor, id()), actor) : null
  return (frame: Frame) => editScreen(organization(), may(actor), frame, refusal, changed)
}

const write = async (call: Omit<Updating, 'body'> & { body: OrganizationChange }) => {
  const { db, actor, grant, id, body, version } = call
  const done = await db.withActor(actor, (tx) => updateOrganization(tx, actor, grant, id(), body, version))
  return saved(call, organizations, done, 'Saved', paths.home)
}

const options = { refused: form, answer: organizations.record, otherStatuses: [409, 412] }

/** The form of an organization, and what it is sent to. */
export const editRoutes = [
  get(pathsOf(paths.organizations).edit(':id'), updating, { only: 'page' }, async (call) => ({
    screen: await form(call),
  })),
  put(
    paths.organization(':id'),
    updating,
    {
      ...options,
      body: wholeOrganization,
      summary: 'Replace an organization; outside the platform, only its name can change',
    },
    write,
  ),
  patch(
    paths.organization(':id'),
    updating,
    {
      ...options,
      body: someOfOrganization,
      summary: 'Update an organization; outside the platform, only its name can change',
    },
    write,
  ),
]
