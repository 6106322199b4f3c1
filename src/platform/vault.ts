import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

type Secrets = { SECRET_KEY: string; SECRET_KEY_PREVIOUS?: string | undefined }

const NONCE = 12
const TAG = 16
const ID = 4

/** Derives a secret's key for one purpose, and an id of that key that reveals nothing. */
function keyOf(secret: string, purpose: string): { id: Buffer; key: Buffer } {
  const derived = Buffer.from(hkdfSync('sha256', secret, '', `vault ${purpose}`, 32 + ID))
  return { key: derived.subarray(0, 32), id: derived.subarray(32) }
}

/**
 * Encrypts what has to be read again: AES-256-GCM, with keys from `SECRET_KEY` and the previous one. Sealed data is
 * bound to its subject, so that copying it into another row gains nothing.
 */
export class Vault {
  readonly #purpose: string
  readonly #secrets: readonly string[]

  constructor({ SECRET_KEY, SECRET_KEY_PREVIOUS }: Secrets, purpose: string) {
    this.#purpose = purpose
    this.#secrets = SECRET_KEY_PREVIOUS ? [SECRET_KEY, SECRET_KEY_PREVIOUS] : [SECRET_KEY]
  }

  seal(content: Uint8Array, about: string): Buffer {
    const { id, key } = keyOf(this.#secrets[0] as string, this.#purpose)
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
    const hidden = Buffer.concat([cipher.update(content), cipher.final()])
    return Buffer.concat([id, nonce, cipher.getAuthTag(), hidden])
  }

  /** Null if it was sealed under other secrets or for another subject, or changed. */
  open(sealed: Buffer, about: string): { content: Buffer; outdated: boolean } | null {
    const id = sealed.subarray(0, ID)
    const keys = this.#secrets.map((secret) => keyOf(secret, this.#purpose))
    const used = keys.findIndex((one) => one.id.equals(id))
    const found = keys[used]
    if (!found || sealed.length < ID + NONCE + TAG) return null
    const hidden = sealed.subarray(ID)
    try {
      const decipher = createDecipheriv('aes-256-gcm', found.key, hidden.subarray(0, NONCE))
      decipher.setAAD(Buffer.from(about)).setAuthTag(hidden.subarray(NONCE, NONCE + TAG))
      const content = Buffer.concat([decipher.update(hidden.subarray(NONCE + TAG)), decipher.final()])
      return { content, outdated: used > 0 }
    } catch {
      return null
    }
  }
}
