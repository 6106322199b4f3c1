import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Door } from '#src/db/database.ts'
import { giveRole, people, takeRole } from '#src/domains/people/assignments/actions.ts'
import { assignmentsOf, rolesOf } from '#src/domains/people/assignments/queries.ts'
import { RolesPanel } from '#src/domains/people/assignments/views.tsx'
import { assignmentsAnswer, givenRole, namedRole } from '#src/domains/roles/roles/model.ts'
import { notFound } from '#src/errors.ts'
import { can, del, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { saved } from '#src/resource/record/saved.ts'
import type { Frame } from '#src/ui/frame.ts'

type Asking = { db: Door; actor: UserActor; grant: Grant<'user'>; id: (name?: string) => string }

async function rolesPage({ db, actor, grant, id }: Asking, refusal?: Refusal) {
  const found = await readRecord(db, people(), actor, grant, id())
  const row = found.row()
  const shown = await rolesOf(db, actor, row.id, found.update && !row.deleted_at)
  return (frame: Frame) => ({
    title: `Roles of ${people().titleOf(row)}`,
    trail: [
      { label: 'People', href: frame.path(paths.users) },
      { label: people().titleOf(row), href: frame.path(paths.user(row.id)) },
    ],
    children: (
      <RolesPanel userId={row.id} name={people().titleOf(row)} {...shown} frame={frame} refusal={refusal} />
    ),
  })
}

const changing = can('user:update')
const HAS_IT = 'They already have this role; nothing changed'
const options = { answer: people().record, otherStatuses: [409] }

export const assignmentRoutes = [
  get(
    paths.userRoles(':id'),
    can('user:read'),
    {
      answer: assignmentsAnswer,
      summary: 'List a person’s roles, with who assigned them, why and until when',
    },
    async (call) => {
      const { db, actor, grant, id } = call
      const { id: userId } = await readRecord(db, people(), actor, grant, id())
      return {
        json: { data: await assignmentsOf(db, actor, userId) },
        screen: async (frame: Frame) => (await rolesPage(call))(frame),
      }
    },
  ),

  post(
    paths.userRoles(':id'),
    changing,
    {
      ...options,
      body: namedRole,
      refused: (call, refusal) => rolesPage(call, refusal),
      summary: 'Assign a role, by ID in the body',
    },
    async (call) => {
      const { db, actor, id, body } = call
      const { role_id, ...given } = body
      const done = await db.withActor(actor, (tx) => giveRole(tx, actor, id(), role_id, given))
      return saved(call, people(), done, 'Role assigned', paths.home, HAS_IT)
    },
  ),

  post(
    paths.userRole(':id', ':role_id'),
    changing,
    {
      ...options,
      body: givenRole,
      refused: (call, refusal) => rolesPage(call, refusal),
      summary: 'Assign a role, or change its expiry and reason',
    },
    async (call) => {
      const { db, actor, id, body } = call
      const done = await db.withActor(actor, (tx) => giveRole(tx, actor, id(), id('role_id'), body))
      return saved(call, people(), done, 'Role assigned', paths.home, HAS_IT)
    },
  ),

  del(
    paths.userRole(':id', ':role_id'),
    changing,
    { ...options, summary: 'Remove a role from someone' },
    async (call) => {
      const { db, actor, id } = call
      const done = await db.withActor(actor, (tx) => takeRole(tx, actor, id(), id('role_id')))
      if (done.unchanged) throw notFound('They don’t have this role.')
      return saved(call, people(), done, 'Role removed', paths.home)
    },
  ),
]
