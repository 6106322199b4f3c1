import type { UserActor } from '#src/access/actor.ts'
import { RolesPanel } from '#src/domains/people/assignments/views.tsx'
import { FirstPasswordPanel } from '#src/domains/people/first-password/views.tsx'
import { FactorPanel, LockPanel } from '#src/domains/people/locks/views.tsx'
import { users } from '#src/domains/people/users/model.ts'
import type { AccountState, endingWith } from '#src/domains/people/users/queries.ts'
import { GroupsPanel, ServicePanel, StrongerPanel } from '#src/domains/people/users/views.tsx'
import { counted } from '#src/locale/noun.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import type { Frame } from '#src/ui/frame.ts'

const minutesUntil = (at: string | null | undefined) =>
  at ? Math.max(1, Math.ceil((Date.parse(at) - Date.now()) / 60_000)) : null

type UserPanelsProps = {
  row: RecordRow
  actor: UserActor
  frame: Frame
  roles: Omit<Parameters<typeof RolesPanel>[0], 'userId' | 'name' | 'frame'>
  /** Why nothing can be done to them, who are stronger. */
  why: string | null
  signIn: AccountState | null
  rules: string
}

/** What stands below a person's details: how they sign in, and what they have. */
export function UserPanels({ row, actor, frame, roles, why, signIn, rules }: UserPanelsProps) {
  return (
    <>
      {why ? <StrongerPanel why={why} /> : null}
      <LockPanel userId={row.id} minutes={minutesUntil(signIn?.lockedUntil)} frame={frame} />
      {signIn?.secondFactor && row.id !== actor.userId ? <FactorPanel userId={row.id} frame={frame} /> : null}
      {signIn && row.status === 'invited' && !row.deleted_at ? (
        <FirstPasswordPanel userId={row.id} rules={rules} frame={frame} />
      ) : null}
      <RolesPanel userId={row.id} name={users.titleOf(row)} frame={frame} {...roles} />
      <GroupsPanel row={row} all={actor.find('group:read')?.all ?? false} frame={frame} />
      {why ? null : <ServicePanel row={row} actor={actor} frame={frame} />}
    </>
  )
}

/** What ends with people, in a sentence. */
export function endings({ sessions, keys, groups }: Awaited<ReturnType<typeof endingWith>>): string | null {
  const ends = [
    [sessions, { one: 'session', many: 'sessions' }] as const,
    [keys, { one: 'API key', many: 'API keys' }] as const,
    [groups, { one: 'group membership', many: 'group memberships' }] as const,
  ].filter(([count]) => count > 0)
  const list = new Intl.ListFormat('en').format(ends.map(([count, noun]) => counted(count, noun)))
  return list ? `This ends ${list}.` : null
}
