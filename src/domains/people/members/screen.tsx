import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import type { Member } from '#src/domains/people/groups/model.ts'
import { type Gathering, membersOf } from '#src/domains/people/groups/queries.ts'
import { Members, type MembersProps, membersScreen } from '#src/domains/people/members/views.tsx'
import { paths } from '#src/paths.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { list } from '#src/resource/list/query.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { recordFrame } from '#src/resource/record/views.tsx'
import type { Frame } from '#src/ui/frame.ts'

type Groups = Resource<'group'>

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
export async function screenOf(
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
