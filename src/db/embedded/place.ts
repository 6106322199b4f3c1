import { createHash, randomBytes } from 'node:crypto'
import { chown, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EmbeddedError } from '#src/db/embedded/errors.ts'

// PostgreSQL refuses to run as root: files of its own user go here when it can't reach DATA_DIR.
const ELSEWHERE = '/var/lib/ambit'

/** The user that PostgreSQL's programs run as; empty for the user of this process. */
export type Identity = { uid?: number; gid?: number }

/** `home` holds Ambit's own files (locks, password, log), `cluster` is PostgreSQL's data folder. */
export type Place = { home: string; cluster: string; cache: string; identity: Identity }

/** Decides where the database of `dataDir` lives and which user runs it; the same at every start. */
export async function settle(dataDir: string): Promise<Place> {
  const asked = join(resolve(dataDir), 'postgres')
  await mkdir(asked, { recursive: true }).catch((error) => {
    throw new EmbeddedError(
      `${asked} can't be made (${error.code}): set DATA_DIR to a folder that can be written`,
    )
  })
  const home = await realpath(asked)
  const remembered = await readFile(join(home, 'location'), 'utf8').catch(() => '')
  if (remembered) await guardAgainstCopies(home, remembered)
  const cluster = join(remembered || home, 'data')
  const identity = await whom(cluster)
  if (identity.uid === undefined) return { home, cluster, cache: join(home, 'programs'), identity }
  const cache = join(ELSEWHERE, 'programs')
  if (remembered || (await exists(cluster)) || (await reachable(home, identity)))
    return { home, cluster, cache, identity }
  return { home, cluster: join(await moveElsewhere(home, identity), 'data'), cache, identity }
}

/** Creates a folder that belongs to whoever runs PostgreSQL. */
export async function makeOwned(folder: string, { uid, gid }: Identity, mode = 0o700): Promise<void> {
  await mkdir(folder, { mode })
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)
}

/** Whether the user may traverse every folder on the path and read the last one. */
export async function reachable(path: string, { uid, gid }: Identity): Promise<boolean> {
  if (uid === undefined) return true
  const target = await realpath(path)
  for (let part = target; ; part = dirname(part)) {
    const { mode, uid: owner, gid: group } = await stat(part)
    const bits = owner === uid ? mode >> 6 : group === gid ? mode >> 3 : mode
    if (!(bits & 1)) return false
    if (part === dirname(part)) return true
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

async function whom(cluster: string): Promise<Identity> {
  const me = process.getuid?.()
  const owner = await stat(cluster).catch(() => undefined)
  if (me === undefined) return {}
  if (me !== 0) {
    if (!owner || owner.uid === me) return {}
    throw new EmbeddedError(
      `The database in ${cluster} belongs to user ${owner.uid}: run Ambit as that user or as root, or set DATA_DIR to a different folder`,
    )
  }
  return owner?.uid ? { uid: owner.uid, gid: owner.gid } : ordinaryUser()
}

async function ordinaryUser(): Promise<Identity> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => ''))
    .split('\n')
    .map((line) => line.split(':'))
  const users = lines
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid }) => uid > 0)
  const user =
    users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody') ?? users[0]
  if (!user)
    throw new EmbeddedError(
      'PostgreSQL refuses to run as root and /etc/passwd names no one else: run Ambit as a different user, or set DATABASE_URL',
    )
  return { uid: user.uid, gid: user.gid }
}

async function moveElsewhere(home: string, identity: Identity): Promise<string> {
  const name = createHash('sha256').update(home).digest('hex').slice(0, 8)
  const folder = join(ELSEWHERE, `${name}-${randomBytes(3).toString('hex')}`)
  try {
    await mkdir(ELSEWHERE, { recursive: true, mode: 0o755 })
    await makeOwned(folder, identity)
  } catch (error) {
    throw new EmbeddedError(
      `PostgreSQL must not run as root, and user ${identity.uid} can reach neither ${home} nor ${ELSEWHERE} (${(error as Error).message}): set DATA_DIR to a folder that others can enter, or set DATABASE_URL`,
    )
  }
  await writeFile(join(folder, 'data-dir'), home)
  await writeFile(join(home, 'location'), folder)
  process.stderr.write(
    `PostgreSQL must not run as root and can't reach ${home}: its data is kept in ${folder}\n`,
  )
  return folder
}

// A copied DATA_DIR would otherwise silently share its original's database.
async function guardAgainstCopies(home: string, folder: string) {
  const mark = join(folder, 'data-dir')
  const original = await readFile(mark, 'utf8').catch(() => home)
  if (original === home) return
  const claimed = await readFile(join(original, 'location'), 'utf8').catch(() => '')
  if (claimed === folder) {
    throw new EmbeddedError(
      `This DATA_DIR is a copy, its database belongs to ${dirname(original)}: delete ${home} to start with an empty one`,
    )
  }
  await writeFile(mark, home)
}
