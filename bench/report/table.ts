import type { Sample } from '../measure/load.ts'
import type { Trips } from '../measure/trips.ts'
import { type Budget, budgetsOf, type Findings } from './budgets.ts'
import { count, ratio, seconds, short } from './numbers.ts'

export type Circumstances = {
  date: string
  commit: string
  machine: string
  versions: string
  how: string
}

/** The whole result as Markdown, which is as legible in a terminal. */
export function resultsOf(findings: Findings, circumstances: Circumstances): string {
  const { date, commit, machine, versions, how } = circumstances
  const { starts } = findings
  return `# What the bench found

${date}, commit ${commit}. ${machine}. ${versions}.
${how}

## Work

${work(findings)}

The floor is \`bench/floor\`: a plain Node program with \`node:http\` and \`pg\` over the same database, with the same
answers. Rates and times are medians of the rounds; the ratio is the median of the rounds' ratios, so that it need not
be the quotient of the two medians. CPU is user and system time of one request.

## Lists of a big organization

${lists(findings)}

Two clients at a time, ours alone: requests a second in the organization of 1,000,000 and in one of 1,000. The common
words match many more people in the larger one, so that only what finds as many in both is held to a ratio. Tags are
asked of the list itself, one after the other: no entity has any yet.

## Files

${files(findings)}

100,000 people, by a process of its own: what it took, and by how much its memory grew meanwhile.

## Signing in

${signIns(findings)}

Two others ask for a page of people again and again, alone and while 200 sign in at once; by a process of its own. The
ratio is the median of the rounds' ratios.

## Neighbours

${neighbours(findings)}

32 connections of one organization ask who they are, alone and while another loads the server; by a process of its own.
The ratio is the median of the rounds' ratios.

## At the wire

${wire(findings)}

A statement is one that PostgreSQL executes, \`BEGIN\` and \`COMMIT\` included; a round trip ends where the server has to
wait. Ours in brackets: right after the rights in the cache were dropped.

## Start and memory

${memory(findings)}
${starts ? `\nThe process alone${starts.first ? `; the very first start, with making the database and seeding it, took ${seconds(starts.first)}` : ''}.\n` : ''}
## Budgets

${table(['what', 'must', 'is', ''], budgetsOf(findings).map(line))}
`
}

const line = ({ what, must, is, holds }: Budget) => [what, must, is, holds ? 'pass' : '**FAIL**']

function work({ kinds, measured, bytes }: Findings): string {
  const rows = kinds.flatMap(({ key, label, budget }) => {
    const found = measured.get(key)
    if (!found) return []
    const [floorBytes, ourBytes] = bytes.get(key) ?? []
    const verdict = budget === null ? '' : found.ratio >= budget ? 'pass' : '**FAIL**'
    return [
      [label, 'floor', ...figures(found.floor, floorBytes), '', ''],
      [
        '',
        'ours',
        ...figures(found.ours, ourBytes),
        ratio(found.ratio),
        budget === null ? '' : `${ratio(budget)} ${verdict}`,
      ],
    ]
  })
  return table(
    ['work', '', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms', 'PostgreSQL CPU ms', 'bytes', 'ratio', 'budget'],
    rows,
  )
}

const figures = ({ rate, p50, p99, cpu, databaseCpu }: Sample, bytes = 0) => [
  short(rate),
  short(p50),
  short(p99),
  short(cpu),
  short(databaseCpu),
  bytes.toLocaleString('en'),
]

function lists({ lists }: Findings): string {
  if (lists.length === 0) return 'Not measured in this run.'
  return table(
    ['list', '1,000,000 people', '1,000 people', 'ratio', 'p95 ms of 1,000,000', 'of 200,000'],
    lists.map(({ label, huge, medium, ratio: share, p95, large }) => [
      label,
      short(huge),
      short(medium),
      ratio(share),
      short(p95),
      large === null ? '' : short(large),
    ]),
  )
}

function files({ files }: Findings): string {
  if (!files) return 'Not measured in this run.'
  const { exported, checked, imported } = files
  const row = (what: string, { seconds: time, grown }: { seconds: number; grown: number }, more: string) => [
    what,
    seconds(time * 1000),
    `${grown} MB`,
    more,
  ]
  return table(
    ['file', 'time', 'memory', ''],
    [
      row('export', exported, `first byte after ${short(exported.firstByte)} ms`),
      row('import, dry run', checked, ''),
      row('import', imported, `other requests meanwhile: p95 ${short(imported.others)} ms`),
    ],
  )
}

function signIns({ signIns }: Findings): string {
  if (!signIns) return 'Not measured in this run.'
  const { alone, meanwhile, ratio: share, seconds: time } = signIns
  return table(
    ['p95 ms of others, alone', 'while 200 sign in', 'ratio', 'until all 200 are answered'],
    [[short(alone), short(meanwhile), ratio(share), seconds(time * 1000)]],
  )
}

function neighbours({ neighbours }: Findings): string {
  if (!neighbours.length) return 'Not measured in this run.'
  return table(
    ['load of another organization', 'p95 ms alone', 'meanwhile', 'ratio', 'failed'],
    neighbours.map(({ label, alone, meanwhile, ratio: share, failed }) => [
      label,
      short(alone),
      short(meanwhile),
      ratio(share),
      String(failed),
    ]),
  )
}

function wire({ kinds, trips }: Findings): string {
  const cell = (found: Trips | undefined, what: 'statements' | 'roundTrips') =>
    found ? `${count(found.warm[what])}${found.cold ? ` (${count(found.cold[what])})` : ''}` : ''
  return table(
    ['work', 'statements: floor', 'ours', 'round trips: floor', 'ours'],
    kinds.map(({ key, label }) => {
      const [floor, ours] = [trips.floor.get(key), trips.ours.get(key)]
      return [
        label,
        cell(floor, 'statements'),
        cell(ours, 'statements'),
        cell(floor, 'roundTrips'),
        cell(ours, 'roundTrips'),
      ]
    }),
  )
}

function memory({ memory: { floor, ours }, starts }: Findings): string {
  const time = (ms: number | undefined) => (ms === undefined ? '' : seconds(ms))
  return table(
    ['', 'first answer', 'with the embedded database', 'memory idle', 'most under load'],
    [
      ['floor', time(starts?.floor), '', `${floor.idle} MB`, `${floor.most} MB`],
      ['ours', time(starts?.ours), time(starts?.embedded), `${ours.idle} MB`, `${ours.most} MB`],
    ],
  )
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map((row) => (row[at] ?? '').length)))
  const written = (row: string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [
    written(head),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(written),
  ].join('\n')
}
