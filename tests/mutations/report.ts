import type { Verdict } from '#tests/mutations/judge.ts'
import type { Mutation } from '#tests/mutations/mutation.ts'

const MARKS = { caught: '✓', survived: '✗', broke: '!', 'timed out': '!', 'out of date': '!' } as const

/** One verdict in a line, or two. */
export function shown({ mutation, outcome, by, seconds }: Verdict): string {
  const how = outcome === 'caught' ? '' : `${outcome.toUpperCase()}: `
  const time = seconds < 1 ? '' : ` (${Math.round(seconds)} s)`
  return `${MARKS[outcome]} ${how}${mutation.name}${time}${by ? `\n    ${by.replaceAll('\n', '\n    ')}` : ''}`
}

/** Every fault with the test that caught it, then the score, and by name what got through. */
export function reportOf(areas: Record<string, readonly Mutation[]>, verdicts: readonly Verdict[]): string {
  const tables = Object.entries(areas).flatMap(([area, mutations]) => {
    const own = verdicts.filter(({ mutation }) => mutations.includes(mutation))
    const rows = own.map(({ mutation: { name }, outcome, by }) =>
      outcome === 'caught' ? `| ${name} | ${cell(by)} |` : `| ${name} | **${outcome}** |`,
    )
    return rows.length ? [`## ${area}\n\n| fault | caught by |\n|---|---|\n${rows.join('\n')}`] : []
  })
  const caught = verdicts.filter(({ outcome }) => outcome === 'caught').length
  const score = `${caught} of ${verdicts.length} caught: ${((100 * caught) / verdicts.length).toFixed(1)} %`
  const others = verdicts.filter(({ outcome }) => outcome !== 'caught').map(shown)
  return [...tables, [score, ...others].join('\n')].join('\n\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
