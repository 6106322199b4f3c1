import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { personNamed, putMember, removeMember } from '#src/domains/groups/member-actions.ts'
import { Members, type MembersProps, membersScreen } from '#src/domains/groups/member-views.tsx'
import { type Member, memberAnswer, memberList, membership, newMember } from '#src/domains/groups/model.ts'
import { type Gathering, membersOf, readGathering } from '#src/domains/groups/queries.ts'
import { type Call, del, type Endpoint, get, post, put, type Refusal, signedIn } from '#src/http/endpoint.ts'
import type { ListView } from '#src/http/list.ts'
import { pageJson, pageLinks } from '#src/http/page.ts'
import { paths } from '#src/paths.ts'
import { list } from '#src/resource/list.ts'
import { pageAnswer } from '#src/resource/list-routes.tsx'
import { readRecord } from '#src/resource/query.ts'
import type { Resource } from '#src/resource/resource.ts'
import { recordFrame } from '#src/resource/views/record.tsx'
import type { Frame } from '#src/ui/frame.ts'

type Groups = Resource<'group'>

/** The list as it answers, with how many there are in all. */
const membersAnswer = pageAnswer(memberAnswer).extend({ members_count: z.int() })

/** What the members of a group are shown with. */
export async function membersFor(
  db: Door,
  actor: UserActor,
  { path: base }: Groups,
  gathering: Gathering,
  view: ListView,
): Promise<Omit<MembersProps, 'frame'>> {
  const found = await list<Member, 'users'>(db, actor, view, membersOf(actor, gathering, view))
  return { gathering, found, view, base, me: actor.userId, opens: actor.can('user:read') }
}

/** The tab of the record; a page of its own for who leads the group and reads none. */
async function screenOf(
  { db, actor }: { db: Door; actor: UserActor },
  resource: Groups,
  props: Omit<MembersProps, 'frame'>,
) {
  const { gathering } = props
  if (!gathering.read) return (frame: Frame) => membersScreen({ ...props, frame })
  const record = await readRecord(db, resource, actor, actor.require('group:read'), gathering.id)
  return (frame: Frame) =>
    recordFrame({
      resource,
      row: record.row(),
      may: record,
      frame,
      here: paths.groupMembers(resource.path, gathering.id),
      tabs: [membersTab(resource, gathering.id)],
      children: <Members {...props} frame={frame} />,
    })
}

export const membersTab = ({ path }: Groups, id: string) => ({
  label: 'Members',
  path: paths.groupMembers(path, id),
})

/** `/groups/:id/members`: for who sees the group, and who leads it. */
export function memberRoutes(resource: Groups): Endpoint[] {
  const { path: base } = resource
  const path = paths.groupMembers(base, ':id')
  const one = paths.groupMember(base, ':id', ':user_id')
  const members = (id: string) => paths.groupMembers(base, id)
  const first = memberList.parse({})
  const again = async ({ db, actor, id }: Call<typeof signedIn>, refusal: Refusal) => {
    const gathering = await readGathering(db, actor, resource, id())
    return screenOf({ db, actor }, resource, {
      ...(await membersFor(db, actor, resource, gathering, first)),
      refusal,
    })
  }
  return [
    get(
      path,
      signedIn,
      { query: memberList, answer: membersAnswer, summary: `List the members of a ${resource.declared.one}` },
      async ({ c, db, actor, id, query }) => {
        const gathering = await readGathering(db, actor, resource, id())
        const props = await membersFor(db, actor, resource, gathering, query)
        return {
          json: pageJson(props.found).replace(/}$/, `,"members_count":${gathering.members_count}}`),
          headers: pageLinks(c, props.found),
          screen: async (frame) => (await screenOf({ db, actor }, resource, props))(frame),
        }
      },
    ),

    post(
      path,
      signedIn,
      {
        body: newMember,
        refused: again,
        answer: memberAnswer,
        status: 201,
        also: [409],
        summary: `Add somebody to a ${resource.declared.one}, by user name or address`,
      },
      async ({ db, actor, id, body }) => {
        const { json } = await db.withActor(actor, async (tx) =>
          putMember(
            tx,
            actor,
            resource,
            id(),
            await personNamed(tx, actor, resource, id(), body.user),
            body.role,
          ),
        )
        return { status: 201, json, location: members(id()), notice: 'Added' }
      },
    ),

    put(
      one,
      signedIn,
      {
        body: membership,
        refused: again,
        answer: memberAnswer,
        also: [409],
        summary: `Put somebody into a ${resource.declared.one}, or change their role in it`,
      },
      async ({ db, actor, id, body }) => {
        const { json, made } = await db.withActor(actor, (tx) =>
          putMember(tx, actor, resource, id(), id('user_id'), body.role),
        )
        return { json, location: members(id()), notice: made ? 'Added' : 'Saved' }
      },
    ),

    del(
      one,
      signedIn,
      { refused: again, also: [409], summary: `Take somebody out of a ${resource.declared.one}` },
      async ({ db, actor, id }) => {
        await db.withActor(actor, (tx) => removeMember(tx, actor, resource, id(), id('user_id')))
        const left = id('user_id') === actor.userId
        return {
          location: left ? paths.home : members(id()),
          notice: left ? 'You left the group' : 'Removed',
        }
      },
    ),
  ]
}
