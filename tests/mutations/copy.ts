import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const LEFT_OUT = ['node_modules', '.git', '.data', '.env', 'dist']
/** What tools remember beside the packages is each copy's own. */
const REMEMBERED = /^\.(?!bin$|package-lock\.json$)/

/** The project as it stands, in a folder of its own: faults are put in there, never into the tree itself. */
export class Copy {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async of(root: string): Promise<Copy> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'ambit-mutations-')))
    await cp(root, folder, {
      recursive: true,
      filter: (path) => path === root || !LEFT_OUT.includes(basename(path)),
    })
    const packages = join(root, 'node_modules')
    await mkdir(join(folder, 'node_modules'))
    for (const name of await readdir(packages))
      if (!REMEMBERED.test(name)) await symlink(join(packages, name), join(folder, 'node_modules', name))
    return new Copy(folder)
  }

  /** Runs `work` while a file says something else. */
  async with<T>({ file, text }: { file: string; text: string }, work: () => Promise<T>): Promise<T> {
    const path = join(this.folder, file)
    const before = await readFile(path)
    await writeFile(path, text)
    try {
      return await work()
    } finally {
      await writeFile(path, before)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
