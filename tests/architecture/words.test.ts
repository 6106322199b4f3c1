import { globSync, readFileSync } from 'node:fs'
import { parseAst } from 'rolldown/parseAst'
import { expect, test } from 'vitest'

/** Words that sound translated, and what stands in their place. */
const replaced: readonly [RegExp, string][] = [
  [/\bmay\b/i, 'can'],
  [/\b(some|no|any|every)body\b/i, 'someone, no one, anyone, everyone'],
  [/\b(is|are) needed\b/i, 'Enter a …'],
  [/\banother\b/i, 'new, a different one'],
  [/\bbeg[aiu]n(s|ning)?\b/i, 'start'],
  [/^what (is|they|it|i|people)\b/i, 'a noun'],
]
/** The phrases that messages, the trail, the API's document and commands had, and what stands in their place. */
const replacedInMessages: readonly [RegExp, string][] = [
  [
    /^(Who|About|Address|Whose|Begins with|Wanted|This one|Present password|Last day)$/,
    'Actor, Target, IP address …',
  ],
  [/started a session|opened a session|ended a session/, 'signed in, signed out …'],
  [/was refused|was denied access to \$?\//, 'was denied access to Organizations'],
  [
    /\bput .* into the group|took .* out of|\bgave .* the role|made an? API key/,
    'added, removed, assigned, created',
  ],
  [/Proved again|Inheritance begun|sealed anew|made by a command/, 'confirmed, added, re-encrypted (CLI)'],
  [/\bone[’']s (own|sessions|account|address)\b|\boneself\b/, 'your own'],
  [/names nothing|\bis no (e-mail|language|valid)/, 'doesn’t exist, Enter a …'],
  [/\b(a|your|the|their|no) second factor\b|second factors (that|re-)/i, 'two-step verification'],
  [/^(one )?sessions? ended$|^End( all)? others|every (other )?session ends/i, 'signed out'],
  [/User name or password is wrong|is not what the app shows|code is wrong/, 'Wrong user name or password.'],
  [/Is it you\?|^Go on$|show once more|What comes next/, 'Confirm your password, Continue'],
  [/I have (copied|kept)|Keep these codes/, 'I’ve saved them'],
  [/Make (an )?API key|New API key$/, 'Create API key'],
  [/Only from these addresses|^Only from$|By which programs/, 'Allowed IP addresses'],
  [
    /on their way|on its way to that|These were not invited|belongs to someone here|^Works until|Who was asked to join/,
    'invitations sent, Not sent, Expires',
  ],
  [
    /We send you a link|Look into your mail|You are signed out (everywhere )?then/,
    'We’ll e-mail you a reset link.',
  ],
  [
    /Please check what you entered|is over already|^Bad request:|Go to the start|nothing that you can see/i,
    'a next step',
  ],
  [
    /If you know nothing of this|there is nothing to do|See the invitation|This is my address|has a different password now/,
    'ignore this e-mail',
  ],
  [
    /(was not locked|can sign in again) \(|thing is wrong|no such key that works|Say whose/,
    'Nothing to do., No active key matches.',
  ],
  [/What is not visible|Takes the permission|does not exist for them/, 'Records you can’t see return 404.'],
  [/\b(just now|nevertheless)\b|^Whoever uses/, 'right now, anyone using it'],
]

/** What no person reads as a sentence: statements for the database. */
const statement = /^(BEGIN|do \$)/

type Text = { text: string; at: number }

/** Every text of a source but comments, imports and SQL. */
function textsIn(source: string, lang: 'ts' | 'tsx' | 'js'): Text[] {
  const texts: Text[] = []
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) walk(one)
    if (!isNode(node) || node.type === 'ImportDeclaration') return
    // of SQL, what is put into it alone
    const parts =
      node.type === 'TaggedTemplateExpression' ? (node.quasi as Node).expressions : Object.values(node)
    const text = textOf(node)
    if (text !== undefined && !statement.test(text)) texts.push({ text, at: node.start })
    for (const part of parts as unknown[]) walk(part)
  }
  walk(parseAst(source, { lang }))
  return texts
}

type Node = { type: string; start: number } & Record<string, unknown>
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

function textOf({ type, value }: Node): string | undefined {
  if (type === 'TemplateElement') return (value as { cooked: string }).cooked
  return (type === 'Literal' || type === 'JSXText') && typeof value === 'string' ? value : undefined
}

/** `file:line: text → what stands in its place` for all that people read. */
function found(file: string): string[] {
  const source = readFileSync(file, 'utf8')
  const lang = file.endsWith('.tsx') ? 'tsx' : file.endsWith('.ts') ? 'ts' : 'js'
  const line = (at: number) => source.slice(0, at).split('\n').length
  return textsIn(source, lang).flatMap(({ text, at }) =>
    complaintsAbout(text).map(
      (better) => `${file}:${line(at)}: ${text.trim().replace(/\s+/g, ' ')} → ${better}`,
    ),
  )
}

/** A word alone in small letters is a name of the code. */
function complaintsAbout(text: string): string[] {
  if (!/[ A-Z]/.test(text.trim())) return []
  return [...replaced, ...replacedInMessages]
    .filter(([word]) => word.test(text.trim()))
    .map(([, better]) => better)
}

test('what people read is said as a native speaker says it', () => {
  const files = globSync(['src/**/*.{ts,tsx}', 'bin/*.{ts,mjs}', 'static/js/*.js']).filter(
    (file) => !file.includes('.test.'),
  )
  expect(files.length).toBeGreaterThan(300)
  expect(files.flatMap(found)).toEqual([])
})

test.each([
  ["const a = 'Nobody is here'", 1],
  ['const a = <p>You may go.</p>', 1],
  ['const a = `Choose one or another`', 1],
  ['const a = sql`select may from nobody where another`', 0],
  ['// You may go\nconst may = { nobody: "nobody" }', 0],
  ["const a = 'Choose a new one'", 0],
  ["const a = 'Session ended'", 1],
  ["const a = 'Session signed out'", 0],
  ['const a = <dt>Address</dt>', 1],
  ['const a = <dt>IP address</dt>', 0],
])('of %s it says %i', (source, count) => {
  expect(textsIn(source, 'tsx').flatMap(({ text }) => complaintsAbout(text))).toHaveLength(count)
})
