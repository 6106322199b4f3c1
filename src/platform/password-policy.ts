import type { Config } from '#src/config.ts'

const list = new Intl.ListFormat('en')

/** What the settings ask for, as it is said before somebody chooses. */
export function passwordRules(config: Config): string {
  const kinds = kindsOf(config).map(({ what }) => what)
  const holding = kinds.length ? ` with ${list.format(kinds)}` : ''
  return `At least ${config.PASSWORD_MIN_LENGTH} characters${holding}. No common passwords, nothing based on your name, e-mail or organization.`
}

/**
 * All that is wrong with a password, to stand behind its name; null where it is fine.
 * @param about what others know of the person: names, address, organization
 */
export async function weakness(
  password: string,
  config: Config,
  about: readonly string[] = [],
): Promise<string | null> {
  const least = config.PASSWORD_MIN_LENGTH
  const lacks = [
    ...([...password].length < least ? [`${least} characters`] : []),
    ...kindsOf(config).flatMap(({ what, is }) => (is.test(password) ? [] : [what])),
  ]
  const wrong = [
    ...(lacks.length ? [`needs ${list.format(lacks)}`] : []),
    ...((await isCommon(password)) ? ['is too common'] : []),
    ...(isPersonal(password, about, least) ? ['is too close to a name, e-mail or organization'] : []),
  ]
  return wrong.length ? list.format(wrong) : null
}

const kindsOf = (config: Config) => [
  ...(config.PASSWORD_REQUIRE_UPPERCASE ? [{ what: 'an upper-case letter', is: /\p{Lu}/u }] : []),
  ...(config.PASSWORD_REQUIRE_LOWERCASE ? [{ what: 'a lower-case letter', is: /\p{Ll}/u }] : []),
  ...(config.PASSWORD_REQUIRE_NUMBERS ? [{ what: 'a digit', is: /\p{N}/u }] : []),
  ...(config.PASSWORD_REQUIRE_SPECIAL ? [{ what: 'a symbol', is: /[^\p{L}\p{N}]/u }] : []),
]

let common: Promise<ReadonlySet<string>> | undefined
/** Loaded when the first password is chosen: 49,000 of them, the most common first. */
const commonPasswords = () => {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  )
  return common
}

const LOOKALIKES: Record<string, string> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
}
const plain = (text: string) => text.replace(/[@431!0$57]/g, (sign) => LOOKALIKES[sign] ?? sign)
const core = (text: string) => text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
/** Characters round a common word that don't make it another. */
const DRESSING = 6

/** A common one, also with other signs for letters and with some digits and signs round it. */
async function isCommon(password: string): Promise<boolean> {
  const known = await commonPasswords()
  const lower = password.toLowerCase()
  const words = [core(lower), plain(core(lower)), core(plain(lower))]
  return known.has(lower) || words.some((word) => lower.length - word.length <= DRESSING && known.has(word))
}

/** What is known of the person doesn't count as characters. */
function isPersonal(password: string, about: readonly string[], least: number): boolean {
  const lower = password.toLowerCase()
  const words = about.flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u))
  const long = [...new Set(words)].filter((word) => word.length >= 4).sort((a, b) => b.length - a.length)
  const rest = long.reduce((text, word) => text.replaceAll(word, ''), lower)
  return rest !== lower && [...rest].length < least
}
