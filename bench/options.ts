import { parseArgs } from 'node:util'

export type Options = {
  seconds: number
  rounds: number
  only: string[]
  /** Profiles ours, with a single kind of work, instead of measuring. */
  profile: boolean
  /** Only a whole run stands for something: it alone is written to the file. */
  whole: boolean
}

export const help = `npm run bench -- [options]
  --quick          rounds of one second
  --only a,b       only these: list, list-big, html, read, create, me, lists, scopes, files, sign-ins, neighbours
  --rounds n       timed rounds of each kind (3)
  --seconds n      length of a round (5)
  --cpu-prof       with --only and one kind: profiles our server instead of measuring`

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string' },
      'cpu-prof': { type: 'boolean', default: false },
    },
  })
  const only = values.only.split(',').filter(Boolean)
  const profile = values['cpu-prof']
  if (profile && only.length !== 1) throw new Error('--cpu-prof wants --only with one kind of work')
  const seconds = Number(values.seconds ?? (values.quick ? 1 : 5))
  const rounds = Number(values.rounds)
  if (!(seconds > 0 && Number.isInteger(rounds) && rounds > 0))
    throw new Error('--seconds and --rounds want numbers')
  return {
    seconds,
    rounds,
    only,
    profile,
    whole: !values.quick && only.length === 0 && seconds >= 5 && rounds >= 3,
  }
}
