/** A disk of 1 MB in memory, for tests of what happens when it is full: it needs the right to mount. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Mounted until it is disposed; undefined where this user may not mount. */
export const smallDisk = (): (Disposable & { readonly path: string }) | undefined => {
  const path = mkdtempSync(join(tmpdir(), 'truechimer-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    // Told by `missing`.
    rmdirSync(path)
    return undefined
  }
  return {
    path,
    [Symbol.dispose]: () => {
      execFileSync('umount', [path])
      rmdirSync(path)
    },
  }
}
