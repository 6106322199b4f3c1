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
/** Whole phrases of pages, each with what stands in its place: only what is said better goes in. */
const replacedOnPages: readonly [RegExp, string][] = [
  [/^(Start|Why|Matrix)$/, 'Home, Access check, Role matrix'],
  [
    /\b(Log out|Change organization|Single-key shortcuts)\b/,
    'Sign out, Switch organization, Keyboard shortcuts',
  ],
  [/^(Do|Find)$|\bGo to, do\b/, 'Actions, Records; Search or jump to…'],
  [/\bthat you (can|may) (see|find)\b/, 'you have access to'],
  [/^(Present|Since)$/, 'Show deleted; Added'],
  [/\bTry other words\b|\btake the filters away\b/, 'Try a different search or clear the filters.'],
  [/^Add the first\b/, 'a button'],
  [
    /\b(Give|Take) (a )?role\b|\b(given|assigned) the role\b/,
    'Assign role, Remove role; “guest” assigned to …',
  ],
  [/\bsent an invitation$/, 'Invitation sent to …'],
  [/\bof your own can only\b|\bby yourself\b/, 'You can’t …'],
  [/\bonce the invitation (is|was) accepted\b/, 'Hasn’t accepted the invitation yet.'],
  [/\brefused ones\b/, 'Retry 4 failed'],
  [/\bcan be changed at once\b/, 'You can change up to 1,000 at a time; narrow the list.'],
  [/^(Facts|Give|Until \(UTC\))$/, 'Details, Assign, Expires'],
  [
    /^Take the role\b|\bends with the next request\b/,
    'Remove the role …? They lose 8 permissions immediately.',
  ],
  [/\bsign in with this name\b/, 'Locked for …'],
  [/\bThey were invited, and\b/, 'Invitation sent; they’ll choose a password.'],
  [/\brecords of one.s own\b|\bin the whole organization\b/, 'own …, all …'],
  [/\b(Beneath|Owning group)\b|\bTree of\b|\bnumbers count\b/i, 'Parent, Owner group, Hierarchy, Members'],
  [/\bWho is in one reaches\b/, 'Members can access …'],
  [/\bnames no one that\b|\bin it yet\b/, 'No one found with …; No members yet'],
  [/\band so (may|can) give\b|\bAll that these roles give\b/, 'You can only grant permissions you hold.'],
  [/^(Confirm|Back)$/, 'Save changes, Keep editing'],
  [/^(gets|loses|gains?|lose)$|\bThis changes nothing for\b/, '+, −; No one’s access changes'],
  [/\bSee what changes\b|^Don.t save$/, 'Review changes, Keep editing'],
  [
    /\bwould bring it\b|\bRoles that give\b|\bThere is no answer\b/,
    'Missing permission, Roles that grant it, Couldn’t check',
  ],
  [/^The id of one record\b|\bcan.t? with$/, 'Optional: a specific record; can view …'],
  [/\bBoth trails\b|^You are in\b|\bstrip at the top\b/, 'You’re now in …'],
  [
    /\bhas been shared with you\b|\badministers roles\b/,
    'You don’t have access to anything yet. Ask an administrator.',
  ],
  [
    /\bare mended\b|^Becomes$|\bCheck the rows\b|^To the\b/,
    'Nothing was imported; Import as, Check file, View …',
  ],
  [/\bis that of line\b|\bthe same as in line\b|\blacks a column\b/, 'same as line 2; Choose a column for …'],
  [/\bnames nothing\b/, 'doesn’t exist, or you don’t have access'],
  [
    /\bsaved this while\b|\bSaved meanwhile\b|\bSave the chosen\b/,
    'Ada Admin changed this …; Their version, Save',
  ],
  [/\bamong them\b|^Refused are\b|\bthat many people use\b/, 'At least 8 characters with …'],
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
  return [...replaced, ...replacedOnPages, ...replacedInMessages]
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
  ["const a = 'Log out'; const b = <b>Becomes</b>", 2],
  ["const a = 'Sign out'; const b = <b>Import as</b>", 0],
  ["const a = 'Session ended'", 1],
  ["const a = 'Session signed out'", 0],
  ['const a = <dt>Address</dt>', 1],
  ['const a = <dt>IP address</dt>', 0],
])('of %s it says %i', (source, count) => {
  expect(textsIn(source, 'tsx').flatMap(({ text }) => complaintsAbout(text))).toHaveLength(count)
})
