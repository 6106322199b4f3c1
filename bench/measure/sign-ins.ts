import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchDatabase, forgetCreated } from '../data/database.ts'
import { CREATED, tokenOf } from '../data/tested.ts'
import { median } from '../report/numbers.ts'
import { type Server, startServer } from './server.ts'

/** p95 of others' requests in ms, alone and while many sign in; the ratio is the median of the rounds' own. */
export type SignInFigures = {
  alone: number
  meanwhile: number
  ratio: number
  /** Until the last of them had an answer. */
  seconds: number
}

const AT_ONCE = 200
const ROUNDS = 5
const ALONE_MS = 4000
/** Others ask for a page of people, so many of them, and read it for so long. */
const READERS = 2
const READING_MS = 10

type Round = Omit<SignInFigures, 'ratio'>

/** Two hundred sign in at once while others read; by a process of its own. */
export async function measureSignIns(database: BenchDatabase): Promise<SignInFigures> {
  const server = await startServer('ours', { database: { DATABASE_APP_URL: database.appUrl } })
  try {
    // the thread runs, and the code is warm
    await Promise.all(Array.from({ length: 10 }, (_, n) => signIn(server, n)))
    await p95While(server, () => sleep(1000))
    const rounds: Round[] = []
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measured(server))
    const middle = (of: (round: Round) => number) => median(rounds.map(of))
    return {
      alone: middle(({ alone }) => alone),
      meanwhile: middle(({ meanwhile }) => meanwhile),
      ratio: middle(({ alone, meanwhile }) => meanwhile / alone),
      seconds: middle(({ seconds }) => seconds),
    }
  } finally {
    await server.stop()
    await forgetCreated(database.owner)
  }
}

async function measured(server: Server): Promise<Round> {
  const alone = await p95While(server, () => sleep(ALONE_MS))
  const began = performance.now()
  const meanwhile = await p95While(server, () =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, n) => signIn(server, n))),
  )
  return { alone, meanwhile, seconds: (performance.now() - began) / 1000 }
}

/** With a name that nobody has, which takes what every other takes. */
async function signIn({ url }: Server, n: number): Promise<void> {
  const body = JSON.stringify({ username: `${CREATED}nobody-${n}`, password: 'Wrong-Horse-7' })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/api/v1/auth/login`, { method: 'POST', headers, body })
  await answer.text()
  // the same name is locked after a few rounds, and is verified nevertheless
  if (![401, 429].includes(answer.status)) throw new Error(`a sign-in was answered with ${answer.status}`)
}

async function p95While(server: Server, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  let working = true
  const reading = Array.from({ length: READERS }, async () => {
    while (working) {
      const began = performance.now()
      await read(server)
      times.push(performance.now() - began)
      await sleep(READING_MS)
    }
  })
  try {
    await work()
  } finally {
    working = false
  }
  await Promise.all(reading)
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length * 0.95)] ?? Number.NaN
}

async function read({ url }: Server): Promise<void> {
  const headers = { authorization: `Bearer ${tokenOf('small', 'token')}` }
  const answer = await fetch(`${url}/api/v1/users?limit=25`, { headers })
  if (!answer.ok) throw new Error(`the others were answered with ${answer.status}`)
  await answer.text()
}
