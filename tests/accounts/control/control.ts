import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { anew, codeOf, secretOf, withFactor } from '#tests/accounts/factors.ts'
import { linkFor } from '#tests/accounts/links.ts'
import { opening } from '#tests/accounts/opening.ts'
import { anonymous, as, browserOf, visitor } from '#tests/client.ts'
import { makeUser, type NewPerson, type Organization, openSession, roleOf } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { newEmail } from '#tests/people/invitations/inviting.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

/** Something that opens an account, or a part of it, and whether it still does. */
type Secret = { name: string; works: () => Promise<boolean> }

/** Somebody of whose account everything is made and handed out, before anything happens. */
export type Subject = {
  person: Person
  /** The session in which they act then. */
  acting: string
  /** Names of what still works, in the order in which it was made. */
  left: () => Promise<string[]>
}

const LINKS = {
  reset_password: { template: 'reset-password', page: paths.resetPassword },
  verify_email: { template: 'verify-email', page: paths.verifyEmail },
  change_email: { template: 'change-email', page: paths.verifyEmail },
  undo_email: { template: 'email-changing', page: paths.undoEmail },
  unlock: { template: 'account-locked', page: paths.unlock },
} as const
type Purpose = keyof typeof LINKS

const opens = async (path: string) => (await visitor().get(path)).status === 200
const lets = async (token: string, path: string = paths.auth.me) =>
  (await as({ token } as Person).get(api(path))).status === 200

async function link(person: Person, purpose: Purpose): Promise<Secret> {
  const token = await linkFor(person, purpose, purpose === 'change_email' ? { address: newEmail() } : {})
  return { name: `${purpose} link`, works: () => opens(LINKS[purpose].page(token)) }
}

/** Mails that wait, whose links are made when they are sent; to one's own address, and to others. */
async function mails(person: Person): Promise<Secret[]> {
  const own: Purpose[] = ['reset_password', 'verify_email', 'unlock']
  const others: Purpose[] = ['change_email', 'undo_email']
  const to = newEmail()
  for (const purpose of [...own, ...others]) {
    const data = purpose === 'undo_email' ? { mail: randomUUID(), proved: true } : {}
    const address = own.includes(purpose) ? person.email : to
    await sql`select app.queue_account_mail(${person.accountId}, ${LINKS[purpose].template}, 'en',
      ${JSON.stringify(data)}::jsonb, ${address})`.execute(owner)
  }
  const sent = new Map<string, Promise<string[]>>()
  const links = async (address: string) =>
    (await mailTo(address)).flatMap(({ link: url }) => (url ? [new URL(url).pathname] : []))
  const works = async (address: string, purpose: Purpose) => {
    const paths = sent.get(address) ?? links(address)
    sent.set(address, paths)
    const path = (await paths).find((one) => one.startsWith(LINKS[purpose].page('')))
    return path !== undefined && opens(path)
  }
  return [...own, ...others].map((purpose) => ({
    name: `${purpose} mail`,
    works: () => works(own.includes(purpose) ? person.email : to, purpose),
  }))
}

/** When a password was proved, a moment before it leads to a session. */
export async function provedPassword({ username, accountId }: Person): Promise<string> {
  const found = await db.lookup(
    fn.sign_in_lookup<{ changed: string; passwordHash: string }>({
      name: username,
      place_slug: null,
      device: null,
    }),
  )
  const at = await db.lookup(
    fn.sign_in_passed({
      account: accountId,
      device: null,
      changed: found.changed,
      was: found.passwordHash,
      becomes: null,
    }),
  )
  return at as string
}

async function password(person: Person): Promise<Secret> {
  const at = await provedPassword(person)
  const whose = { account: person.accountId, org: person.org.id, person: person.id, proved: at }
  return { name: 'proved password', works: () => db.lookup(opening(whose)).then(Boolean, () => false) }
}

async function pendingCode(person: Person): Promise<Secret> {
  const at = await provedPassword(person)
  const hash = tokenHash(newToken())
  await db.lookup(
    fn.begin_pending_sign_in({
      account: person.accountId,
      org: person.org.id,
      person: person.id,
      proved: at,
      pending: hash,
      ctx: '{}',
    }),
  )
  return {
    name: 'pending code',
    works: async () => (await db.lookup(fn.try_pending_sign_in({ pending: hash }))) !== null,
  }
}

async function device({ accountId: account_id }: Person): Promise<Secret> {
  const hash = tokenHash(newToken())
  await owner.insertInto('known_devices').values({ account_id, hash }).execute()
  const known = owner.selectFrom('known_devices').where('hash', '=', hash).select('hash')
  return { name: 'device', works: async () => (await known.execute()).length === 1 }
}

async function refreshToken({ username }: Person): Promise<Secret> {
  const login = await anonymous().post(api(paths.auth.login), { username, password: PASSWORD })
  const body = { refresh_token: login.json<{ refresh_token: string }>().refresh_token }
  const works = async () => (await anonymous().post(api(paths.auth.refresh), body)).status === 200
  return { name: 'refresh token', works }
}

/** Shown to somebody who set up a second factor and has yet to say its code; used in a session of afterwards. */
async function setUp(person: Person): Promise<Secret> {
  const begun = await as(person).post(api(paths.auth.secondFactor))
  const { setup, uri } = begun.json<{ setup: string; uri: string }>()
  const works = async () => {
    const token = await openSession(person, 'token')
    const code = await codeOf({ secret: secretOf({ uri }) })
    return (
      (await as({ ...person, token }).post(api(paths.auth.verifySecondFactor), { setup, code })).status ===
      200
    )
  }
  return { name: 'pending set-up', works }
}

async function factor(person: Person): Promise<Secret[]> {
  const { accountId } = person
  await withFactor(person, { passed: false })
  await anew(person)
  const kept = (table: 'totp_credentials' | 'recovery_codes') =>
    owner.selectFrom(table).where('account_id', '=', accountId).select('account_id').execute()
  return [
    { name: 'second factor', works: async () => (await kept('totp_credentials')).length > 0 },
    { name: 'recovery codes', works: async () => (await kept('recovery_codes')).length > 0 },
  ]
}

/** Somebody without a second factor, of whose account there is everything else. */
export async function plainSubject(org: Organization, options: NewPerson = {}): Promise<Subject> {
  const person = await makeUser(org, { roles: [roleOf(org, 'user')], ...options })
  const acting = await openSession(person, 'token')
  const secrets = [
    ...(await Promise.all((Object.keys(LINKS) as Purpose[]).map((purpose) => link(person, purpose)))),
    ...(await mails(person)),
    { name: 'session', works: () => lets(person.token) },
    { name: 'browser', works: async () => (await browserOf(person).get(paths.me)).status === 200 },
    await refreshToken(person),
    await device(person),
    await password(person),
    await keyOf(person),
    // the last, since turning it on is a change itself
    await setUp(person),
  ]
  return { person, acting, left: () => working(secrets) }
}

/** Somebody with a second factor, and what goes with it. */
export async function guardedSubject(org: Organization, options: NewPerson = {}): Promise<Subject> {
  const person = await makeUser(org, { roles: [roleOf(org, 'user')], ...options })
  const secrets = [...(await factor(person)), await pendingCode(person), await keyOf(person)]
  const acting = await openSession(person, 'token')
  return { person, acting, left: () => working(secrets) }
}

async function keyOf(person: Person): Promise<Secret> {
  const { token } = await withKey(person, ['user:read:own'])
  return { name: 'API key', works: () => lets(token, paths.users) }
}

async function working(secrets: readonly Secret[]): Promise<string[]> {
  const names: string[] = []
  for (const { name, works } of secrets) if (await works()) names.push(name)
  return names
}
