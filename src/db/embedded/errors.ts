/** A failure that the operator can fix; its message says how in one line. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError'
}

const hints: [RegExp, string][] = [
  [
    /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT/,
    'The disk is full: free some space, or set DATA_DIR to a different disk',
  ],
  [
    /Read-only file system|EROFS/,
    'The file system is read-only: set DATA_DIR to a folder that can be written',
  ],
  [
    /could not look up effective user ID/,
    'PostgreSQL needs an entry in /etc/passwd for the user that Ambit runs as: add one, run as a different user, or set DATABASE_URL',
  ],
  [
    /Permission denied|EACCES|EPERM/,
    'Permission denied: let the user that runs Ambit write to DATA_DIR, or set DATA_DIR to a different folder',
  ],
  [
    /could not (create|resize|map|get|attach).*shared memory/i,
    'The system grants too little shared memory for PostgreSQL',
  ],
]

/** Turns a PostgreSQL program's output into one line; `subject` says what failed, `log` where to read more. */
export function explain(subject: string, output: string, log?: string): EmbeddedError {
  const lines = output.split('\n').map((line) => line.trim())
  const known = hints.find(([pattern]) => pattern.test(output))
  const complaint =
    lines.find((line) => known?.[0].test(line)) ??
    lines.findLast((line) => /\b(FATAL|PANIC|error|ERROR):/.test(line)) ??
    lines.findLast(Boolean)
  const reason = complaint?.replace(/^.*?(FATAL|PANIC|error|ERROR):\s*/, '') ?? 'no reason given'
  return new EmbeddedError(
    `${subject}: ${known ? `${known[1]} (${reason})` : reason}${log ? `; see ${log}` : ''}`,
  )
}

/** File system errors as an EmbeddedError of one line; others unchanged. */
export function foreseeable(error: unknown, subject: string): unknown {
  if (error instanceof EmbeddedError || !(error instanceof Error)) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined || !/^(EACCES|EPERM|EROFS|ENOSPC|EDQUOT|ENOTDIR|EEXIST)$/.test(code)) return error
  return explain(subject, error.message)
}
