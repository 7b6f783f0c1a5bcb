/**
 * Plants a bug in the source as it is loaded: `TRUECHIMER_PLANT=<name> node --import ./test/plants/load.ts …`. Where the text that a bug
 * replaces does not stand in its file exactly once, or the file is never loaded, the process fails: a source that changed must not disarm a bug.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { planted } from './planted.ts'
import { PLANTS } from './plants.ts'

/** Ends the process with what is wrong, before anything else is loaded. */
const refuse = (what: string): never => {
  process.stderr.write(`${what}\n`)
  process.exit(3)
}

const name = process.env['TRUECHIMER_PLANT'] ?? ''
const plant = PLANTS.find((one) => one.name === name) ?? refuse(`there is no planted bug "${name}"`)
const root = new URL('../../', import.meta.url)
const changed = new Map<string, string>()
for (const file of new Set(plant.edits.map((edit) => edit.file))) {
  const source = planted(
    plant.edits.filter((edit) => edit.file === file),
    readFileSync(new URL(file, root), 'utf8'),
  )
  if (source === undefined) refuse(`"${name}" does not fit ${file} any more`)
  else changed.set(new URL(file, root).href, source)
}

const loaded = new Set<string>()
registerHooks({
  load: (url, context, nextLoad) => {
    const source = changed.get(url)
    if (source === undefined) return nextLoad(url, context)
    loaded.add(url)
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})
process.once('exit', () => {
  if (loaded.size === changed.size) return
  process.stderr.write(`"${name}" was not loaded by ${pathToFileURL(process.argv[1] ?? '').href}\n`)
  process.exitCode = 3
})
