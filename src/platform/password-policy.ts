import type { Config } from '#src/config.ts'

const list = new Intl.ListFormat('en')

/** The configured rules, as shown before someone chooses a password. */
export function passwordRules(config: Config): string {
  const kinds = kindsOf(config).map(({ what }) => what)
  const holding = kinds.length ? ` with ${list.format(kinds)}` : ''
  return `At least ${config.PASSWORD_MIN_LENGTH} characters${holding}. No common passwords, nothing based on your name, e-mail or organization.`
}

/**
 * Everything wrong with a password, phrased to follow the field's name; null if it is fine.
 * @param about what others know about the person: names, e-mail address, organization
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
/** 49,000 passwords, most common first; loaded when the first password is chosen. */
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
/** How many characters around a common password still leave it common. */
const DRESSING = 6

/** A common password, also with letters replaced by signs, or with some digits and signs around it. */
async function isCommon(password: string): Promise<boolean> {
  const known = await commonPasswords()
  const lower = password.toLowerCase()
  const words = [core(lower), plain(core(lower)), core(plain(lower))]
  return known.has(lower) || words.some((word) => lower.length - word.length <= DRESSING && known.has(word))
}

/** Whether too few characters remain without what is known about the person. */
function isPersonal(password: string, about: readonly string[], least: number): boolean {
  const lower = password.toLowerCase()
  const words = about.flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u))
  const long = [...new Set(words)].filter((word) => word.length >= 4).sort((a, b) => b.length - a.length)
  const rest = long.reduce((text, word) => text.replaceAll(word, ''), lower)
  return rest !== lower && [...rest].length < least
}
