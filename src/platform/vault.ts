import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

type Secrets = { SECRET_KEY: string; SECRET_KEY_PREVIOUS?: string | undefined }

const NONCE = 12
const TAG = 16
const ID = 4

/** A key of a secret's for one purpose, and a name of it that tells nothing. */
function keyOf(secret: string, purpose: string): { id: Buffer; key: Buffer } {
  const derived = Buffer.from(hkdfSync('sha256', secret, '', `vault ${purpose}`, 32 + ID))
  return { key: derived.subarray(0, 32), id: derived.subarray(32) }
}

/**
 * What has to be read again: AES-256-GCM, by keys of `SECRET_KEY` and of the one before. What is sealed is good for what it
 * is about alone, so that nothing is gained by putting it into another row.
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

  /** Null where it was sealed under other secrets, about something else, or changed. */
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
