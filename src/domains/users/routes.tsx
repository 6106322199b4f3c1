import type { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { mayGive } from '#src/access/granting.ts'
import type { Door } from '#src/db/database.ts'
import {
  createUser,
  deleteUser,
  firstPassword,
  mayPlaceIn,
  restoreUser,
  updateUser,
} from '#src/domains/users/actions.ts'
import { editScreen, newScreen } from '#src/domains/users/forms.tsx'
import {
  newUser,
  someOfUser,
  type UserChange,
  type UserRecord,
  userList,
  wholeUser,
} from '#src/domains/users/model.ts'
import { findUser, offeredGroups, offeredRoles, readerOf, usersOf } from '#src/domains/users/queries.ts'
import { listScreen, type Offered, userScreen } from '#src/domains/users/views.tsx'
import { type Call, can, del, get, patch, post, put, type Refusal } from '#src/http/endpoint.ts'
import { notFound } from '#src/http/errors.ts'
import { pageJson, pageLinks } from '#src/http/page.ts'
import { paths } from '#src/paths.ts'
import { list } from '#src/resource/list.ts'
import type { Frame } from '#src/ui/frame.ts'

async function read(db: Door, actor: UserActor, grant: Grant<'user', 'read'>, id: string) {
  const [found] = await db.readAs(actor, (q) => findUser(q, grant, id, readerOf(actor)), { prepared: true })
  if (!found) throw notFound()
  return { ...found, user: (): UserRecord => JSON.parse(found.json) }
}

/** Roles and groups for the form of a new person: only what the person may give and see. */
async function offered(db: Door, actor: UserActor, grant: Grant<'user', 'create'>): Promise<Offered> {
  const roles = actor.find('role:read')
  const groups = actor.find('group:read')
  const [seenRoles, seenGroups] = await Promise.all([
    roles ? db.readAs(actor, (q) => offeredRoles(q, roles)) : [],
    groups ? db.readAs(actor, (q) => offeredGroups(q, groups)) : [],
  ])
  return {
    roles: seenRoles.filter((role) => mayGive(actor, role)),
    groups: seenGroups.filter(({ id }) => mayPlaceIn(actor, grant, id)),
  }
}

const may = (actor: UserActor) => ({
  create: actor.can('user:create'),
  update: actor.can('user:update'),
  delete: actor.can('user:delete'),
  signIn: actor.find('user:update')?.all ?? false,
  me: actor.userId,
})

type Editing = { can: 'user:update' }

/** The form again, with what was entered and what is wrong; after a 412 both versions. */
async function editAgain(call: Call<Editing>, refusal: Refusal) {
  const { user } = await read(call.db, call.actor, call.actor.require('user:read'), call.id())
  return (frame: Frame) => editScreen(user(), may(call.actor), frame, refusal)
}

const update = async ({
  db,
  actor,
  grant,
  id,
  body,
  version,
}: Call<Editing, undefined, z.ZodType<UserChange>>) => {
  const done = await db.withActor(actor, (tx) => updateUser(tx, actor, grant, id(), body, version))
  return { json: done.json, etag: done.version, location: paths.user(done.id), notice: 'Saved' }
}

export const userRoutes = [
  get(paths.users, can('user:read'), { query: userList }, async ({ db, actor, grant, query, c }) => {
    const found = await list<UserRecord, 'users'>(db, actor, query, usersOf(grant, query, readerOf(actor)))
    return {
      json: pageJson(found),
      headers: pageLinks(c, found),
      screen: (frame) => listScreen(found, query, may(actor), frame),
    }
  }),

  get(paths.newUser, can('user:create'), { only: 'page' }, async ({ db, actor, grant }) => {
    const choices = await offered(db, actor, grant)
    return { screen: (frame) => newScreen(choices, frame) }
  }),

  get(paths.usersMe, can('user:read'), { only: 'api' }, async ({ db, actor, grant }) => {
    const { json, version } = await read(db, actor, grant, actor.userId)
    return { json, etag: version }
  }),

  post(
    paths.users,
    can('user:create'),
    {
      body: newUser,
      refused: async ({ db, actor, grant }, refusal) => {
        const choices = await offered(db, actor, grant)
        return (frame) => newScreen(choices, frame, refusal)
      },
    },
    async ({ db, actor, grant, body, services }) => {
      const hash = await firstPassword(body.password, services.config)
      const made = await db.withActor(actor, (tx) => createUser(tx, actor, grant, body, hash))
      return {
        status: 201,
        json: made.json,
        etag: made.version,
        location: paths.user(made.id),
        notice: 'Person added',
      }
    },
  ),

  get(paths.user(':id'), can('user:read'), {}, async ({ db, actor, grant, id }) => {
    const { json, version, user } = await read(db, actor, grant, id())
    return { json, etag: version, screen: (frame) => userScreen(user(), may(actor), frame) }
  }),

  get(paths.editUser(':id'), can('user:update'), { only: 'page' }, async ({ db, actor, id }) => {
    const { user } = await read(db, actor, actor.require('user:read'), id())
    return { screen: (frame) => editScreen(user(), may(actor), frame) }
  }),

  put(paths.user(':id'), can('user:update'), { body: wholeUser, refused: editAgain }, update),
  patch(paths.user(':id'), can('user:update'), { body: someOfUser, refused: editAgain }, update),

  del(paths.user(':id'), can('user:delete'), {}, async ({ db, actor, grant, id, version }) => {
    await db.withActor(actor, (tx) => deleteUser(tx, actor, grant, id(), version))
    return {
      location: paths.users,
      notice: 'Person deleted. You find them under “Deleted”, where they can be restored.',
    }
  }),

  post(paths.restoreUser(':id'), can('user:delete'), {}, async ({ db, actor, grant, id }) => {
    const done = await db.withActor(actor, (tx) => restoreUser(tx, actor, grant, id()))
    return { json: done.json, etag: done.version, location: paths.user(done.id), notice: 'Person restored' }
  }),
]
