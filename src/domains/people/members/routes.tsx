import { z } from 'zod'
import type { Groups } from '#src/domains/people/groups/model.ts'
import { addMember, personNamed, putMember, removeMember } from '#src/domains/people/members/actions.ts'
import { memberAnswer, memberList, membership, newMember } from '#src/domains/people/members/model.ts'
import { screenOf } from '#src/domains/people/members/page-routes.tsx'
import { membersFor, readGathering } from '#src/domains/people/members/queries.ts'
import {
  authenticated,
  type Call,
  del,
  type Endpoint,
  get,
  post,
  put,
  type Refusal,
} from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { pageJson, pageLinks } from '#src/resource/list/page.ts'
import { pageAnswer } from '#src/resource/list/routes.tsx'

/** The list as it answers, with how many there are in all. */
const membersAnswer = pageAnswer(memberAnswer).extend({ members_count: z.int() })

/** `/groups/:id/members`: for who sees the group, and who leads it. */
export function memberRoutes(resource: Groups): Endpoint[] {
  const { path: base } = resource
  const path = paths.groupMembers(base, ':id')
  const one = paths.groupMember(base, ':id', ':user_id')
  const members = (id: string) => paths.groupMembers(base, id)
  const first = memberList.parse({})
  const again = async ({ db, actor, id }: Call<typeof authenticated>, refusal: Refusal) => {
    const gathering = await readGathering(db, actor, resource, id())
    return screenOf({ db, actor }, resource, {
      ...(await membersFor(db, actor, resource, gathering, first)),
      refusal,
    })
  }
  return [
    get(
      path,
      authenticated,
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
      authenticated,
      {
        body: newMember,
        refused: again,
        answer: memberAnswer,
        status: 201,
        otherStatuses: [200, 409],
        summary: `Add someone to a ${resource.declared.one}, by user name or e-mail`,
      },
      async ({ db, actor, id, body }) => {
        const { json, was } = await db.withActor(actor, async (tx) =>
          addMember(
            tx,
            actor,
            resource,
            id(),
            await personNamed(tx, actor, resource, id(), body.user),
            body.role,
          ),
        )
        const notice = was ? 'They’re already in this group' : 'Member added'
        return { status: was ? 200 : 201, json, location: members(id()), notice }
      },
    ),

    put(
      one,
      authenticated,
      {
        body: membership,
        refused: again,
        answer: memberAnswer,
        otherStatuses: [409],
        summary: `Add someone to a ${resource.declared.one}, or change their role in it`,
      },
      async ({ db, actor, id, body }) => {
        const { json, was } = await db.withActor(actor, (tx) =>
          putMember(tx, actor, resource, id(), id('user_id'), body.role),
        )
        const notice = was === body.role ? 'Nothing changed' : was ? 'Saved' : 'Member added'
        return { json, location: members(id()), notice }
      },
    ),

    del(
      one,
      authenticated,
      { refused: again, otherStatuses: [409], summary: `Remove someone from a ${resource.declared.one}` },
      async ({ db, actor, id }) => {
        await db.withActor(actor, (tx) => removeMember(tx, actor, resource, id(), id('user_id')))
        const left = id('user_id') === actor.userId
        return {
          location: left ? paths.home : members(id()),
          notice: left ? 'You left the group' : 'Member removed',
        }
      },
    ),
  ]
}
