import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root } from '#src/config.ts'
import { acceptsGzip } from '#src/http/negotiation.ts'
import { paths } from '#src/paths.ts'
import { scripts, stylesheets } from '#src/ui/assets.ts'

type Asset = { type: string; plain: Buffer; packed?: Buffer }

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
}

export class Assets {
  readonly #assets = new Map<string, Asset>()
  readonly #hash: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(headers: Readonly<Record<string, string>>) {
    this.#headers = headers
    const folder = join(root, 'static')
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const name = join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/')
      this.#add(name, readFileSync(join(folder, name)))
    }
    this.#add('css/app.css', Buffer.from(stylesheets.map(read).join('\n')))
    this.#add('js/app.js', Buffer.from(scripts.map((name) => `{\n${read(name)}\n}`).join('\n')))
    const digest = createHash('sha256')
    for (const [name, { plain }] of this.#assets) digest.update(name).update(plain)
    this.#hash = digest.digest('base64url').slice(0, 12)
  }

  path(name: string): string {
    return paths.static(this.#hash, name)
  }

  serve(hash: string, name: string, acceptEncoding = ''): Response | undefined {
    const asset = hash === this.#hash ? this.#assets.get(name) : undefined
    if (!asset) return undefined
    const packed = asset.type !== 'image/png' && acceptsGzip(acceptEncoding)
    // compressed on first use, so that large files don't delay the start
    if (packed) asset.packed ??= gzipSync(asset.plain)
    return new Response((packed ? asset.packed : asset.plain) as Uint8Array<ArrayBuffer>, {
      headers: {
        ...this.#headers,
        'Content-Type': asset.type,
        'Cache-Control': 'public, max-age=31536000, immutable',
        'X-Content-Type-Options': 'nosniff',
        'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
        'Cross-Origin-Resource-Policy': 'same-origin',
        Vary: 'Accept-Encoding',
        ...(packed ? { 'Content-Encoding': 'gzip' } : {}),
      },
    })
  }

  #add(name: string, plain: Buffer): void {
    const type = types[extname(name)]
    if (!type) return
    this.#assets.set(name, { type, plain })
  }
}
