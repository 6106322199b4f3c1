import { paths } from '#src/paths.ts'
import { anonymous, as } from '#tests/client.ts'
import { unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

export const newEmail = () => `${unique('guest')}@example.com`

export type Invitation = {
  id: string
  email: string
  status: string
  version: number
  roles: { id: string; name: string }[]
  group_id: string | null
  user_id: string | null
  invited_by: { id: string; name?: string } | null
}

type Given = { email?: string; role_ids?: string[]; group_id?: string | null }

/** Invites as a program does, and answers the record. */
export async function invite(by: Person, { email = newEmail(), ...given }: Given = {}): Promise<Invitation> {
  const answer = await as(by).post(api(paths.invitations), { email, role_ids: [], ...given })
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
  return answer.json<Invitation>()
}

/** The token in the newest mail to an address, through what a worker does. */
export async function tokenFor(email: string): Promise<string> {
  const [mail] = (await mailTo(email)).reverse()
  return (mail?.link ?? '').split('/').at(-1) as string
}

/** Invites somebody, and answers the token that the mail leads to. */
export async function invitedBy(by: Person, given: Given = {}): Promise<Invitation & { token: string }> {
  const invitation = await invite(by, given)
  return { ...invitation, token: await tokenFor(invitation.email) }
}

type Accepted = { password?: string; first_name?: string; last_name?: string; username?: string }

/** Accepts as a program does. */
export const accept = (token: string, { password = PASSWORD, ...given }: Accepted = {}) =>
  anonymous().post(api(paths.auth.acceptInvitation), { token, password, ...given })

/** An invitation as it is stored. */
export const storedInvitation = (id: string) =>
  owner.selectFrom('invitations').where('id', '=', id).selectAll().executeTakeFirstOrThrow()

/** Who is here with an address, with what they have. */
export async function userAt(org: { id: string }, email: string) {
  const user = await owner
    .selectFrom('users')
    .where('org_id', '=', org.id)
    .where('email', '=', email)
    .where('deleted_at', 'is', null)
    .selectAll()
    .executeTakeFirst()
  if (!user) return null
  const roles = owner
    .selectFrom('user_roles')
    .where('user_id', '=', user.id)
    .select(['role_id', 'granted_by'])
  const groups = owner.selectFrom('group_members').where('user_id', '=', user.id).select(['group_id', 'role'])
  return { ...user, roles: await roles.execute(), groups: await groups.execute() }
}
