import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import type { Groups } from '#src/domains/people/groups/model.ts'
import { Members, type MembersProps, membersScreen } from '#src/domains/people/members/views.tsx'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { recordFrame } from '#src/resource/record/views.tsx'
import type { Frame } from '#src/ui/frame.ts'

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
