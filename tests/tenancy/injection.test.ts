import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Acting, Database } from '#src/db/database.ts'
import { sessionOf } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const { appUrl, owner } = await testDatabase()
const db = new Database(appUrl, { max: 2, timeoutMs: 2000 })
const plain = new Database(appUrl, { max: 1, oneTrip: false })
const { owner: mine, foreigner } = await makePeople()
const foreign = foreigner.org.id
const foreignSession = await sessionOf(foreigner.token)
const me: Acting = { orgId: mine.org.id, context: JSON.stringify({ org: mine.org.id, user: mine.id }) }

let before: string[]
beforeAll(async () => {
  before = await rowsOf(foreign)
  expect(before.length).toBeGreaterThan(100)
})
afterAll(async () => {
  expect(await rowsOf(foreign)).toEqual(before)
  await Promise.all([db.close(), plain.close()])
})

/** What an attacker puts where a value stands, by both ways through the door; then whose rows can be seen. */
async function injected(fragment: string): Promise<unknown[]> {
  const position = sql<unknown>`(select (${sql.raw(fragment)})::text)`.as('answer')
  const whose = sql<string>`(select string_agg(distinct org_id::text, ' ') from users)`.as('whose')
  const outcome = (rows: Promise<{ answer: unknown; whose: string }[]>) =>
    rows.then(
      ([row]) => {
        expect(row?.whose).toBe(mine.org.id)
        return row?.answer
      },
      (error: { code?: string }) => `refused ${error.code}`,
    )
  return [
    await outcome(db.readAs(me, (q) => q.selectNoFrom([position, whose])) as never),
    await outcome(
      db.withActor(me, async (tx) => {
        const found = await tx.selectNoFrom(position).execute()
        const [seen] = await tx.selectNoFrom(whose).execute()
        return [{ ...found[0], ...seen }]
      }) as never,
    ),
  ]
}

const foreignRows = `select count(*) from users where org_id = '${foreign}'`

test('the positive twin: a fragment in a value position runs, and sees its own organization', async () => {
  expect(await injected('select count(*) > 5 from users')).toEqual(['true', 'true'])
  const { rows } = await sql<{ n: string }>`${sql.raw(foreignRows)}`.execute(owner)
  expect(Number(Object.values(rows[0] as object)[0])).toBeGreaterThan(0)
})

describe('is refused', () => {
  test.each([
    ['set_config', `set_config('app.org_id', '${foreign}', true)`, '42501'],
    ['set_config by its full name', `pg_catalog.set_config('app.org_id', '${foreign}', false)`, '42501'],
    [
      'set_config in a subquery',
      `select set_config from set_config('app.org_id', '${foreign}', true)`,
      '42501',
    ],
    [
      'set_config through a query that is text',
      `query_to_xml('select set_config(''app.org_id'', ''${foreign}'', true)', true, false, '')`,
      '42501',
    ],
    [
      'SET through a query that is text',
      `query_to_xml('set app.org_id = ''${foreign}''', true, false, '')`,
      '0A000',
    ],
    [
      'SET LOCAL through a cursor of text',
      `query_to_xml_and_xmlschema('set local app.org_id = ''${foreign}''', true, false, '')`,
      '42P11',
    ],
    ['entering again', `app.enter('${foreign}', '{}', 0)::text`, '42501'],
    ['entering again to read', `app.enter_to_read('${foreign}', '{}', 0)::text`, '42501'],
    ['rights of another organization', `app.rights('${foreign}', '${foreigner.id}')`, '42501'],
    [
      'a sign-in look-up, which knows the hash',
      `app.sign_in_lookup('${foreigner.username}', null, null)`,
      '42501',
    ],
    [
      'locking out somebody',
      `app.sign_in_failed('x', '${foreigner.accountId}', 1, 99, null, null, null)`,
      '42501',
    ],
    [
      'a session of one’s own making',
      `app.open_session('${foreigner.accountId}', '${foreign}', '${foreigner.id}', 'token', '\\x00', null, '', 1, 1, '{}', now(), null, null, null, null, null)`,
      '42501',
    ],
    ['the hash of a password', `app.account_lookup('${foreigner.accountId}', null)`, '42501'],
    ['being let through', `app.sign_in_passed('${foreigner.accountId}', null, null, '', 'x')`, '42501'],
    [
      'another password',
      `app.change_password('${foreigner.accountId}', now(), 'x', '${foreignSession}', '\\x00', null, '{}')`,
      '42501',
    ],
    ['another password by link', `app.reset_password('\\x00', 'x', '{}')`, '42501'],
    ['a link to choose one', `app.forgot_password('${foreigner.username}', '{}')`, '42501'],
    ['a link of one’s own making', `app.account_mail('${foreigner.id}', '\\x00')`, '42501'],
    ['what a link is for', `app.link_lookup('\\x00')`, '42501'],
    ['another address', `app.request_email('${foreigner.accountId}', 'x@example.com', '{}')`, '42501'],
    ['another address by link', `app.verify_email('\\x00', now(), null, null, null, '{}')`, '42501'],
    ['an address as it was', `app.undo_email('\\x00', 'x', '{}')`, '42501'],
    ['unlocking by link', `app.unlock_by_link('\\x00', '{}')`, '42501'],
    ['registering somebody', `app.begin_registration('x', 'x@example.com', '', '', 'x', '{}')`, '42501'],
    [
      'mail to an address of one’s choice',
      `app.queue_account_mail('${foreigner.accountId}', 'reset-password', 'en', '{}', 'x@example.com')`,
      '42501',
    ],
    ['asking for the actor of a session', `app.session_actor('\\x00')`, '42501'],
    ['an event of one’s own making', `app.record_event('user:create', 'user', null, '{}')`, '42501'],
    [
      'every organization',
      `select count(*) from app.list_organizations('{}', null, 'name', false, null, null, 9, 0)`,
      '42501',
    ],
    ['another organization', `select count(*) from app.read_organization('${foreign}')`, '42501'],
    ['a new organization', `select count(*) from app.create_organization('x', 'x', '{}', '{}')`, '42501'],
    [
      'suspending another',
      `select count(*) from app.update_organization('${foreign}', '{"status":"suspended"}', null)`,
      '42501',
    ],
    [
      'suspending another in one step',
      `select count(*) from app.toggle_organization('${foreign}', null)`,
      '42501',
    ],
    [
      'what happened to another',
      `select count(*) from app.organization_history('${foreign}', null)`,
      '42501',
    ],
    [
      'making an account free',
      `app.detach_account('${foreigner.accountId}', null, null, null, '{}')`,
      '42501',
    ],
    ['other tokens for a session', `app.refresh_session('x', 'y', 'z', 'a', 'b', 1, 1, '{}')`, '42501'],
    ['a token to renew a session with', `app.add_refresh_token('x', 'y', 1, 1)`, '42501'],
    ['the places of an account', `app.account_places('${foreigner.accountId}')`, '42501'],
    [
      'a session elsewhere',
      `app.switch_organization('${foreignSession}', '${foreigner.accountId}', '${foreign}', 'x', null, '', '{}')`,
      '42501',
    ],
    ['the tokens that sessions are renewed with', 'select count(*) from refresh_tokens', '42501'],
    ['going into another', `app.enter_organization('${foreignSession}', '${foreign}', 'x')`, '42501'],
    ['being of the platform', `app.platform_actor('organization:read:all')`, '42501'],
    ['an event of any kind', `app.note_event('${foreign}', 'x:y', null, '{}', null)`, '42501'],
    ['accounts', 'select count(*) from accounts', '42501'],
    ['the passwords of the server', 'select count(*) from pg_authid', '42501'],
    ['a file', `pg_read_file('/etc/passwd')`, '42501'],
    ['a folder', `select count(*) from pg_ls_dir('.')`, '42501'],
    ['a large object out of a file', `lo_import('/etc/passwd')`, '42501'],
    ['a stacked statement', `1); set app.org_id = '${foreign}'; select (2`, '42601'],
    ['a stacked statement that ends the transaction', `1); commit; select (2`, '42601'],
    ['two statements', `1)::text); select ((1`, '42601'],
  ])('%s', async (_, fragment, code) => {
    const answers = await injected(fragment)
    expect(answers).toEqual([`refused ${code}`, `refused ${code}`])
  })
})

test('unlocks nobody there: a read may not even try', async () => {
  expect(await injected(`app.unlock_account('${foreigner.id}')`)).toEqual(['refused 25006', null])
})

describe('finds nothing', () => {
  test.each([
    ['by its id', foreignRows, '0'],
    ['past the policy', `select count(*) from users where true or org_id = '${foreign}'`, null],
    [
      'through a join',
      `select count(*) from roles r full join user_roles u on true where u.org_id = '${foreign}' or r.org_id = '${foreign}'`,
      '0',
    ],
    ['the organization itself', `select count(*) from organizations where id = '${foreign}'`, '0'],
    [
      'by a query that is text',
      `(xpath('count(//row)', query_to_xml($$${foreignRows} having count(*) > 0$$, true, false, '')))[1]`,
      '0',
    ],
    [
      'in the whole schema as XML',
      `select strpos(schema_to_xml('public', true, false, '')::text, '${foreigner.username}')`,
      '0',
    ],
    [
      'in one table as XML',
      `select strpos(table_to_xml('users', true, false, '')::text, '${foreigner.username}')`,
      '0',
    ],
    [
      'in statistics',
      `select count(*) from pg_stats where tablename in ('users', 'accounts', 'sessions') and attname in ('email', 'password_hash', 'username')`,
      '0',
    ],
    ['rights of a stranger', `app.rights_of('${foreigner.id}') ->> 'permissions'`, '[]'],
    ['a stranger’s account', `coalesce(app.managed_account('${foreigner.id}')::text, 'none')`, 'none'],
    [
      'in errors',
      `select count(*) from users where org_id = '${foreign}' and 1 / (length(email) - length(email)) = 1`,
      '0',
    ],
    [
      'what others ask',
      `select count(*) from pg_stat_activity where query like '%${foreigner.username}%' and pid <> pg_backend_pid()`,
      '0',
    ],
    [
      'in prepared statements',
      // the other fragments of this test are kept by their text, and name the stranger
      `select count(*) from pg_prepared_statements where statement like '%${foreigner.email.slice(0, -1)}%' and statement not like '%' || 'pg_prepared_statements' || '%'`,
      '0',
    ],
  ])('%s', async (_, fragment, answer) => {
    for (const found of await injected(fragment)) {
      if (answer === null) expect(Number(found)).toBe((await ours()).length)
      else expect(found).toBe(answer)
    }
  })

  const ours = () => owner.selectFrom('users').select('id').where('org_id', '=', mine.org.id).execute()
})
