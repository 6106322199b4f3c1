import { readdir, readFile, rm } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '#src/config.ts'
import { type BenchDatabase, folder } from '../data/database.ts'
import { type Kind, requestOf } from '../kinds.ts'
import { load } from './load.ts'
import { type Server, startServer } from './server.ts'

type Profile = {
  nodes: {
    id: number
    callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number }
  }[]
  samples: number[]
  timeDeltas: number[]
}

const WARM_UP_S = 2
const LOAD_S = 8
const FUNCTIONS = 40

/** Runs one kind of work against our server under V8's profiler, and says where its time went. */
export async function profile(
  kind: Kind,
  database: BenchDatabase,
  cookieOf: (server: Server) => string,
): Promise<string> {
  const target = join(folder, `profile-${kind.key}`)
  await rm(target, { recursive: true, force: true })
  const server = await startServer('ours', {
    node: ['--cpu-prof', `--cpu-prof-dir=${target}`, '--cpu-prof-interval=250'],
    database: { DATABASE_APP_URL: database.appUrl },
  })
  const request = requestOf(kind, 'ours', cookieOf(server))
  await load(server, request, WARM_UP_S, database)
  const { rate, cpu } = await load(server, request, LOAD_S, database)
  await server.stop()
  const [file] = (await readdir(target)).filter((name) => name.endsWith('.cpuprofile'))
  if (!file) throw new Error('the server left no profile')
  const found: Profile = JSON.parse(await readFile(join(target, file), 'utf8'))
  const head = `${kind.label}: ${Math.round(rate)} requests/s, ${cpu.toFixed(3)} ms CPU each, under the profiler`
  return `${head}\n${relative(root, join(target, file))}\n\n${await summary(found)}`
}

async function summary({ nodes, samples, timeDeltas }: Profile): Promise<string> {
  const map = new SourceMap(JSON.parse(await readFile(join(root, 'dist/main.js.map'), 'utf8')))
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame, map)]))
  const groups = new Map<string, number>()
  const functions = new Map<string, number>()
  let total = 0
  samples.forEach((id, at) => {
    const place = frames.get(id)
    const time = timeDeltas[at] ?? 0
    if (!place || place.name === '(idle)') return
    total += time
    groups.set(place.group, (groups.get(place.group) ?? 0) + time)
    const line = `${place.name}  ${place.where}`
    functions.set(line, (functions.get(line) ?? 0) + time)
  })
  const share = (time: number) => `${((time / total) * 100).toFixed(1).padStart(5)} %`
  const ranking = (times: Map<string, number>, most: number) =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, time]) => `${share(time)}  ${name}`)
      .join('\n')
  return `Self time by origin\n${ranking(groups, 25)}\n\nSelf time by function\n${ranking(functions, FUNCTIONS)}`
}

/** Where a function comes from: a package, a part of Node, a folder of ours (through the source map). */
function placeOf(
  { functionName, url, lineNumber, columnNumber }: Profile['nodes'][number]['callFrame'],
  map: SourceMap,
) {
  const name = functionName || '(anonymous)'
  if (!url)
    return {
      name,
      where: '',
      group: name.startsWith('(') ? name : 'native (sockets, buffers, JSON, strings)',
    }
  if (url.startsWith('node:')) return { name, where: url, group: partOfNode(url) }
  const file = url.startsWith('file:') ? relative(root, fileURLToPath(url)) : url
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]
  if (packaged)
    return { name, where: `${file.replace(/^node_modules\//, '')}:${lineNumber + 1}`, group: packaged }
  const entry = map.findEntry(lineNumber, columnNumber)
  if (!('originalSource' in entry)) return { name, where: `${file}:${lineNumber + 1}`, group: file }
  const source = entry.originalSource.replace(/^(\.\.\/)+/, '')
  return {
    name,
    where: `${source}:${entry.originalLine + 1}`,
    group: source.split('/').slice(0, 2).join('/'),
  }
}

function partOfNode(url: string): string {
  if (/http|_http/.test(url)) return 'node: http'
  if (/net|stream|tty/.test(url)) return 'node: sockets and streams'
  if (/timers|task_queues|async_hooks|promises/.test(url)) return 'node: ticks, timers, promises'
  if (/undici|fetch|webstreams/.test(url)) return 'node: fetch and web streams'
  return 'node: other'
}
