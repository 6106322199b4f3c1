import { describe, expect, test } from 'vitest'
import { passwordRules, weakness } from '#src/platform/password-policy.ts'
import { anonymous, as, browserOf, visitor } from '#tests/client.ts'
import { makeUser, platformOrganization, roleOf, unique } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const config = testConfig()
const relaxed = testConfig({
  PASSWORD_MIN_LENGTH: '4',
  PASSWORD_REQUIRE_UPPERCASE: 'false',
  PASSWORD_REQUIRE_LOWERCASE: 'false',
  PASSWORD_REQUIRE_NUMBERS: 'false',
  PASSWORD_REQUIRE_SPECIAL: 'false',
})

describe('the policy', () => {
  test.each([
    ['qzvj', 'needs 8 characters, an upper-case letter, a digit, and a symbol'],
    ['longer words', 'needs an upper-case letter and a digit'],
    ['LONGER-WORDS-7', 'needs a lower-case letter'],
    ['Longer-Words', 'needs a digit'],
    ['LongerWords7', 'needs a symbol'],
    ['Ää-öö-ü7', null],
    ['Correct-Horse-7', null],
    ['дом-Лес-река-7', null],
    // a letter beyond the basic plane is one character
    ['𝒜b-7😀😀😀', 'needs 8 characters'],
    ['𝒜b-7😀😀😀😀', null],
  ])('of %s says: %s', async (password, said) => {
    expect(await weakness(password, config)).toBe(said)
  })

  test.each(['Password1!', 'P@ssw0rd1!', '!!Summer2024', 'Tru5tno1!!', 'Qwerty123!!', '1qaz@WSX'])(
    'refuses %s, which many people use',
    async (password) => {
      expect(await weakness(password, config)).toBe('is too common')
    },
  )

  test.each(['password', 'PASSWORD', '12345678', 'qwertyuiop', 'dragon', 'p@ssw0rd'])(
    'refuses %s also where nothing else is asked for',
    async (password) => {
      expect(await weakness(password, relaxed)).toBe('is too common')
      expect(await weakness(`${password} beside a tall oak`, relaxed)).toBe(null)
    },
  )

  const about = ['ada.lovelace', 'ada.l@analytical.example', 'Ada', 'Lovelace', 'Engine Works']
  test.each(['Ada.Lovelace-1', 'ANALYTICAL-1a', 'EngineWorks-1', 'works-ENGINE-77'])(
    'does not count names in %s',
    async (password) => {
      expect(await weakness(password, config, about)).toBe('is too close to a name, e-mail or organization')
      expect(await weakness(password, config)).toBe(null)
    },
  )

  test('takes a long one with a name in it', async () => {
    expect(await weakness('Lovelace drinks 7 teas', config, about)).toBe(null)
    expect(await weakness('Ada-Bea-Cleo-7', config, about)).toBe(null)
  })

  test('says all that is wrong at once', async () => {
    expect(await weakness('dragon', config, ['Dragon'])).toBe(
      'needs 8 characters, an upper-case letter, a digit, and a symbol, is too common, and is too close to a name, e-mail or organization',
    )
  })

  test('says beforehand what it asks for', () => {
    expect(passwordRules(config)).toMatch(/^At least 8 characters with an upper-case letter, .* digit/)
    expect(passwordRules(relaxed)).toMatch(/^At least 4 characters\. No common/)
  })
})

describe('wherever somebody chooses a password', async () => {
  const { owner } = await makePeople()
  const platform = await platformOrganization()
  const superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
  const many = /is too common/
  const person = () => {
    const username = unique('someone')
    return { username, email: `${username}@example.com` }
  }
  const refused = (answer: { status: number; text: string }, said: RegExp) =>
    expect([answer.status, answer.text]).toEqual([422, expect.stringMatching(said)])

  test('registering', async () => {
    const body = { ...person(), first_name: 'Wilhelmina' }
    refused(await anonymous().post('/api/auth/register', { ...body, password: 'Password1!' }), many)
    refused(
      await anonymous().post('/api/auth/register', { ...body, password: 'Wilhelmina-1' }),
      /too close to/,
    )
    refused(await visitor().post('/register', { ...body, password: 'Password1!' }), many)
    expect((await visitor().get('/register')).text).toContain(passwordRules(config))
  })

  test('adding a person', async () => {
    refused(await as(owner).post('/api/users', { ...person(), password: 'Password1!' }), many)
    const { name } = await past
      .selectFrom('organizations')
      .where('id', '=', owner.org.id)
      .select('name')
      .executeTakeFirstOrThrow()
    expect(name).toMatch(/^org/)
    const renamed = past.updateTable('organizations').set({ name: 'Nordlicht Logistik' })
    await renamed.where('id', '=', owner.org.id).execute()
    const send = () => as(owner).post('/api/users', { ...person(), password: 'Nordlicht-1' })
    await expect.poll(async () => (await send()).status).toBe(422)
    refused(await send(), /too close to/)
    expect((await browserOf(owner).get('/users/new')).text).toContain(passwordRules(config))
  })

  test('making an organization', async () => {
    const { username, email } = person()
    const body = { name: `Nordlicht ${unique('Logistik')}`, owner_username: username, owner_email: email }
    const send = (owner_password: string) =>
      as(superadmin).post('/api/organizations', { ...body, slug: unique('slug'), owner_password })
    refused(await send('Password1!'), many)
    refused(await send('Nordlicht-1'), /too close to/)
    expect((await browserOf(superadmin).get('/organizations/new')).text).toContain(passwordRules(config))
    expect((await send('Correct-Horse-7')).status).toBe(201)
  })
})
